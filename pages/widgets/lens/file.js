// The lens of a file that holds all it shows: ae_core/lens/file.py writes it, and joins these modules into one.
import { find } from "../elements.js";
import { Held } from "./held.js";
import { Lens } from "./lens.js";

const root = find(document, "file");
const { data, held } = JSON.parse(find(document, "content").textContent ?? "");
const nobody = () => {};
new Lens(root, () => new Held(held, data.home)).update({
  data,
  parentElement: root,
  setStateValue: nobody,
  setTriggerValue: nobody,
});
