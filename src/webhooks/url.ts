/**
 * URLs of webhooks.
 *
 * @module
 */

/** The most characters of a URL. */
const MOST_URL_CHARS = 2_048;

/**
 * Takes the URL of a receiver.
 *
 * @throws {RangeError} with one line that names where it came from. No path is shown: it may be a secret.
 */
export function checkedWebhookUrl(name: string, text: string): URL {
  const url = text.length > MOST_URL_CHARS ? null : URL.parse(text);
  const isHttp = url?.protocol === "https:" || url?.protocol === "http:";
  if (url === null || !isHttp) {
    throw new RangeError(`${name} must be a URL that begins with https:// or http://`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new RangeError(`${name} must name no user or password: the signature tells who sends`);
  }
  if (url.hash !== "") throw new RangeError(`${name} must have no part behind #`);
  return url;
}
