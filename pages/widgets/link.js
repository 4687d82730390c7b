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

class Link {
  close() {}

  /** @param {import("./component.js").Update<Data>} update */
  update({ data, setTriggerValue }) {
    const { pathname, search, hash } = location;
    if (pathname.split("/").pop() !== data.page) return; // the visitor has gone on
    const shown = plain(search);
    const isAnother = session && session !== data.session;
    session = data.session;
    // After a server has ended, the next one is asked for what the tab showed first.
    if (isAnother && shown !== plain(data.asked)) return setTriggerValue("shown", shown);
    if (shown !== plain(data.link))
      history.replaceState(history.state, "", `${pathname}${data.link && "?"}${data.link}${hash}`);
  }
}

export default component(Link);
