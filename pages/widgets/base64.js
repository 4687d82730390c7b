/** @param {string} text */
export const decode = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** @param {Uint8Array} bytes */
export const encode = (bytes) => btoa(String.fromCharCode(...bytes));
