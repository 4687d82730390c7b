// A page must stay scrollable over its figures, which would take the wheel and each finger for themselves.

/**
 * Only in a figure that has the focus, as a click or a tap gives it, does the wheel zoom and a finger draw; the wheel
 * with Ctrl as well. A finger that comes down beside it takes the focus away.
 * @param {HTMLElement} element  @param {AbortSignal} signal  When it ends.
 */
export function keepScrolling(element, signal) {
  const active = () => element.matches(":focus-within");
  // Before they reach Plotly, which listens within the element.
  const early = { signal, capture: true };
  element.addEventListener("wheel", (event) => active() || event.ctrlKey || event.stopPropagation(), early);
  element.addEventListener("touchstart", (event) => active() || event.stopPropagation(), { ...early, passive: true });
  /** @param {PointerEvent} event */
  const leave = ({ pointerType, target }) => {
    if (pointerType !== "touch" || !active() || element.contains(/** @type {Node} */ (target))) return;
    /** @type {HTMLElement} */ (document.activeElement).blur();
  };
  document.addEventListener("pointerdown", leave, early);
}
