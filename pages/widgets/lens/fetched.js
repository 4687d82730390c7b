/**
 * What the server has at an address.
 * @param {string} url
 * @returns {Promise<Response>}
 */
export async function ask(url) {
  // Again, a second later and later still, while no server answers: another one may take its place.
  for (let wait = 1; ; wait *= 2) {
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok) return answer;
    if (answer && answer.status < 500) throw new Error(await answer.text());
    if (wait > 8) throw new Error("the server does not answer");
    await new Promise((resolve) => setTimeout(resolve, 1000 * wait));
  }
}
