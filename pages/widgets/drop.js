// Takes files, or all of a folder, and sends them one after another; the server is told when all have come.
import { component } from "./component.js";
import { find } from "./elements.js";

/**
 * @typedef {object} Data
 * @property {string} link  Below which the files go.
 * @property {string} token  Of their place.
 * @property {number} most  Bytes of all of them together.
 * @property {number} files  How many there may be.
 * @typedef {{ file: File, name: string }} Named  Its name with the folders that it is in.
 */

const AT_ONCE = 3;
const HIDDEN = /(^|\/)(\.|__MACOSX\/|Thumbs\.db$|desktop\.ini$)/;

class Drop {
  /** @type {Data | undefined} */
  data;
  /** @type {(value: unknown) => void} */
  tell = () => {};
  /** @type {Set<XMLHttpRequest>} */
  going = new Set();
  cancelled = false;
  closing = new AbortController();

  /** @param {HTMLElement} root */
  constructor(root) {
    this.zone = find(root, "zone");
    this.progress = find(root, "going");
    this.bar = find(root, "bar", HTMLProgressElement);
    this.words = find(root, "words");
    this.trouble = find(root, "trouble");
    this.most = find(root, "most");
    const listening = { signal: this.closing.signal };
    for (const name of ["files", "folder"]) {
      const input = find(root, name, HTMLInputElement);
      input.addEventListener("change", () => this.take(named(input.files)), listening);
    }
    this.zone.addEventListener("dragover", (event) => this.hover(event, true), listening);
    this.zone.addEventListener("dragleave", (event) => this.hover(event, false), listening);
    this.zone.addEventListener("drop", (event) => this.drop(event), listening);
    find(root, "cancel").addEventListener("click", () => this.cancel(), listening);
  }

  close() {
    this.closing.abort();
    this.cancel();
  }

  /** @param {import("./component.js").Update<Data>} update */
  update({ data, setTriggerValue }) {
    this.data = data;
    this.tell = (value) => setTriggerValue("sent", value);
    this.most.textContent = `Up to ${megabytes(data.most)} together.`;
    if (!this.going.size) this.rest();
  }

  rest() {
    this.zone.hidden = false;
    this.progress.hidden = true;
  }

  /** @param {DragEvent} event  @param {boolean} over */
  hover(event, over) {
    event.preventDefault();
    this.zone.classList.toggle("over", over);
  }

  /** @param {DragEvent} event */
  async drop(event) {
    this.hover(event, false);
    const items = [...(event.dataTransfer?.items ?? [])].map((item) => item.webkitGetAsEntry?.());
    const entries = items.filter((entry) => entry !== null && entry !== undefined);
    if (!entries.some((entry) => entry.isDirectory)) return this.take(named(event.dataTransfer?.files));
    /** @type {Named[]} */
    const found = [];
    for (const entry of entries) await walk(entry, found, this.data?.files ?? 0);
    this.take(found);
  }

  /** @param {Named[]} given */
  async take(given) {
    const { data } = this;
    const files = given.filter(({ name }) => !HIDDEN.test(name));
    if (!data || !files.length) return;
    this.trouble.textContent = "";
    const size = files.reduce((sum, { file }) => sum + file.size, 0);
    if (files.length > data.files)
      return this.fail(`These are ${count(files.length)}; at most ${count(data.files)} are taken.`);
    if (size > data.most) return this.fail(`These are ${megabytes(size)}; at most ${megabytes(data.most)} are taken.`);
    this.cancelled = false;
    this.zone.hidden = true;
    this.progress.hidden = false;
    const sent = files.map(() => 0);
    const began = performance.now();
    const show = () =>
      this.show(
        sent.reduce((sum, part) => sum + part, 0),
        size,
        began,
      );
    show();
    const next = files.keys();
    const work = async () => {
      for (const i of next) {
        if (this.cancelled) return;
        await this.send(`${data.link}/${i}`, files[i].file, (bytes) => {
          sent[i] = bytes;
          show();
        });
      }
    };
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, work));
    } catch (error) {
      if (!this.cancelled) this.fail(/** @type {Error} */ (error).message);
      this.cancel();
      return;
    }
    if (this.cancelled) return;
    this.words.textContent = "Looking at what it is …";
    this.tell({ token: data.token, names: files.map(({ name }) => name) });
  }

  /**
   * @param {string} url  @param {File} file
   * @param {(bytes: number) => void} progress
   * @returns {Promise<void>}
   */
  send(url, file, progress) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest(); // fetch tells nothing of an upload's progress
      this.going.add(request);
      request.upload.onprogress = (event) => progress(event.loaded);
      request.onloadend = () => {
        this.going.delete(request);
        if (request.status === 204) {
          progress(file.size);
          resolve();
        } else reject(new Error(request.responseText || "The connection was lost: try again."));
      };
      request.open("PUT", url);
      request.send(file);
    });
  }

  /** @param {number} done  @param {number} size  @param {number} began */
  show(done, size, began) {
    const share = size ? Math.min(done / size, 1) : 1;
    this.bar.value = share;
    const seconds = (performance.now() - began) / 1000;
    const left = share > 0.02 && seconds > 1 ? `, ${Math.ceil((seconds * (1 - share)) / share)} s left` : "";
    this.words.textContent = `${megabytes(done)} of ${megabytes(size)} sent${left}`;
  }

  /** @param {string} sentence */
  fail(sentence) {
    this.trouble.textContent = sentence;
    this.rest();
  }

  cancel() {
    this.cancelled = true;
    for (const request of this.going) request.abort();
    this.going.clear();
    this.rest();
  }
}

/**
 * @param {FileList | null | undefined} files
 * @returns {Named[]}
 */
function named(files) {
  return [...(files ?? [])].map((file) => ({ file, name: file.webkitRelativePath || file.name }));
}

/**
 * All files in a folder and in those within it.
 * @param {FileSystemEntry} entry  @param {Named[]} found  @param {number} most
 */
async function walk(entry, found, most) {
  const name = entry.fullPath.replace(/^\//, "");
  if (found.length > most || HIDDEN.test(name)) return;
  if (entry.isFile) {
    /** @type {File} */
    const file = await new Promise((resolve, reject) =>
      /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject),
    );
    found.push({ file, name });
    return;
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return;
    for (const one of some) await walk(one, found, most);
  }
}

/** @param {number} bytes */
const megabytes = (bytes) => `${(bytes / 1e6).toLocaleString("en", { maximumFractionDigits: bytes < 1e7 ? 1 : 0 })} MB`;

/** @param {number} files */
const count = (files) => `${files.toLocaleString("en")} files`;

export default component(Drop);
