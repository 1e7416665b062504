/**
 * Close codes of the WebSocket. 4000–4499 mean "come back with backoff", 4500–4999 mean "stay
 * away"; 1000, 1001 and 1006 are those of RFC 6455, section 7.4.1. Each is a constant of its own,
 * for `import * as CLOSE`: a bundle of the client then holds only those it needs.
 *
 * @module
 */

/** Both sides are done; a client that closes with it will not come back. */
export const normal = 1000;
/** The server ends; come back after the time that its `goodbye` names. */
export const goingAway = 1001;
/** The server sent something that is not a frame. */
export const protocolError = 4006;
/** The connection was cut: never sent, only seen. */
export const abnormal = 1006;
/** No `hello` within the time allowed. */
export const helloTimeout = 4000;
/** Nothing was heard for more than two heartbeats. */
export const silent = 4001;
/** The socket took nothing for too long. */
export const slowReader = 4002;
/** Something broke on the server. */
export const internal = 4004;
/** The client gave the connection up for dead. */
export const unresponsive = 4005;
/** The client has paused: it will come back, and the others are not told that it went. */
export const paused = 4007;
/** Too much is said from the address of the client, by all who are there together. */
export const crowded = 4008;
/** Whoever runs the server has ended the connection; the client may come back. */
export const dismissed = 4009;
/** The session goes on over a newer connection. */
export const sessionTaken = 4500;
/** The client kept sending after many refusals. */
export const flooding = 4501;
/** The token has ended: not without a new one. */
export const tokenEnded = 4502;
