/**
 * What Streamlit gives a component at each rerun.
 * @template Data
 * @typedef {object} Update
 * @property {Data} data
 * @property {HTMLElement} parentElement
 * @property {(name: string, value: unknown) => void} setStateValue
 * @property {(name: string, value: unknown) => void} setTriggerValue
 */

/**
 * The default export of a component: Streamlit calls it at each rerun, and all components of a page share its module,
 * so an instance belongs to each element.
 * @template Data
 * @param {new (root: HTMLElement) => { update(update: Update<Data>): unknown, close(): void }} Instance
 * @returns {(update: Update<Data>) => () => void}
 */
export function component(Instance) {
  const instances = new WeakMap();
  return (update) => {
    const root = update.parentElement;
    const instance = instances.get(root) ?? new Instance(root);
    instances.set(root, instance);
    const { data } = update; // an object comes in a list, see scripts.py
    instance.update(Array.isArray(data) ? { ...update, data: data[0] } : update);
    return () => {
      if (root.isConnected) return; // a rerun that the next one overtook has ended, not the component
      instance.close();
      instances.delete(root);
    };
  };
}
