// A button that plays and a slider, whoever moves which takes over.
import { find } from "./elements.js";

const PLAY = "M8 5v14l11-7z";
const PAUSE = "M6 5h4v14H6zm8 0h4v14h-4z";

export class Transport {
  playing = 0; // a request of an animation frame
  closing = new AbortController();

  /**
   * @param {HTMLElement} root  Has a button `play`, with an icon, and a slider.
   * @param {{ take: (at: number) => void, play: () => void }} owner  Shows a place that was chosen; begins to play.
   */
  constructor(root, owner) {
    this.button = find(root, "play", HTMLButtonElement);
    this.slider = find(root, "slider", HTMLInputElement);
    // The elements may outlive this instance: what listens to them ends with it.
    this.listening = { signal: this.closing.signal };
    this.button.addEventListener("click", () => (this.playing ? this.pause() : owner.play()), this.listening);
    this.slider.addEventListener("input", () => owner.take(this.slider.valueAsNumber), this.listening);
    this.pause();
  }

  close() {
    this.closing.abort();
    this.pause();
  }

  pause() {
    cancelAnimationFrame(this.playing);
    this.playing = 0;
    this.label("Play", PLAY);
  }

  /**
   * Plays until it is paused.
   * @param {(elapsed: number, still: boolean) => boolean} show  Given the milliseconds since the start, and whether
   *   motion is to be reduced; returns whether it goes on.
   */
  run(show) {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    let began = 0;
    /** @param {number} now */
    const step = (now) => {
      began ||= now;
      this.playing = requestAnimationFrame(step);
      if (!show(now - began, still)) this.pause();
    };
    this.label("Pause", PAUSE);
    this.playing = requestAnimationFrame(step);
  }

  /** @param {string} name  @param {string} path */
  label(name, path) {
    this.button.ariaLabel = name;
    this.button.querySelector("path")?.setAttribute("d", path);
  }
}
