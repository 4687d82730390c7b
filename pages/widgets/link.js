// Has the browser show the link of a page, in place of the one before: a step back leads to the page before.
import { component } from "./component.js";

/**
 * @typedef {object} Data
 * @property {string} page  Its address, without a slash.
 * @property {string} link  The query that opens it as it is.
 * @property {string} asked  The query that the server was asked for.
 * @property {string} session  Of the server.
 */

let session = ""; // that shows this tab its pages

/** @param {string} query */
const plain = (query) => new URLSearchParams(query).toString();

// Streamlit's own, which it does not tell the server: that the page stands in a frame, without its menu.
const OWN = ["embed", "embed_options"];

class Link {
  close() {}

  /** @param {import("./component.js").Update<Data>} update */
  update({ data, setTriggerValue }) {
    const { pathname, search, hash } = location;
    if (pathname.split("/").pop() !== data.page) return; // the visitor has gone on
    const asked = [...new URLSearchParams(search)];
    const shown = new URLSearchParams(asked.filter(([name]) => !OWN.includes(name))).toString();
    const own = new URLSearchParams(asked.filter(([name]) => OWN.includes(name))).toString();
    const isAnother = session && session !== data.session;
    session = data.session;
    // After a server has ended, the next one is asked for what the tab showed first.
    if (isAnother && shown !== plain(data.asked)) return setTriggerValue("shown", shown);
    if (shown === plain(data.link)) return;
    const link = [data.link, own].filter(Boolean).join("&");
    history.replaceState(history.state, "", `${pathname}${link && "?"}${link}${hash}`);
  }
}

export default component(Link);
