// This module is pure: no sockets, no clock, no Deno.

/**
 * Bounds and times of the client. Each is a constant of its own in a file that imports nothing: a
 * bundle then holds them as numbers, where they are used.
 *
 * @module
 */

/** `WebSocket.OPEN`, which the sockets of an app need not have. */
export const OPEN = 1;

/** The most requests without a reply. */
export const MAX_REQUESTS = 1_000;

/** The most of a text that is no body, in UTF-16 units: longer than any server has. */
export const MAX_TEXT = 512;

/** The longest time that a server can ask a client to stay away, in milliseconds. */
export const MOST_RETRY_MS = 600_000;

/** The time before a message is sent again where the server gave none, in milliseconds. */
export const RETRY_MS = 1_000;

/** Whatever a server says, nothing is sent again sooner than this, in milliseconds. */
export const LEAST_MS = 50;

/** The most doublings of that. */
export const MOST_DOUBLINGS = 6;

/** The longest wait before the first attempt to come back, in milliseconds: half of it on average. */
export const FIRST_DELAY_MS = 1_000;

/** The longest wait before any attempt, in milliseconds. */
export const MOST_DELAY_MS = 20_000;

/** After a connection that lasted this long, in milliseconds, the backoff begins anew. */
export const GOOD_MS = 5_000;

/** However often the server wants to hear something, the heart beats no faster, in milliseconds. */
export const MIN_BEAT_MS = 5;

/** The time that a server may take to give a sign of life that it was asked for, in milliseconds. */
export const PROBE_MS = 5_000;

/** The same when the browser says that there is no network: that may be wrong, but mostly is not. */
export const OFFLINE_PROBE_MS = 1_000;

/** The most bytes that wait to be sent with which a `ping` is answered: any of them is a sign of life. */
export const MAX_WAITING = 4_096;

/** The time that a server may take to answer a close, in milliseconds. */
export const CLOSE_MS = 1_000;

/**
 * The time in which a page that was left may come back as it was, in milliseconds: as long as
 * Chromium keeps it. Others keep it longer, and come back to rooms that were left.
 */
export const CACHED_MS = 600_000;

/** The time that a page that is loaded again may take to say who it is, in milliseconds. */
export const RELOAD_MS = 10_000;

/** The time in which the members of a room are not asked for again, in milliseconds. */
export const RENEW_MS = 1_000;

/** The number of changes of status that are kept for a slow reader. */
export const KEPT_STATUSES = 100;

/** The number of events that a room keeps for readers that are slower than it. */
export const KEPT_EVENTS = 10_000;

/**
 * The same in UTF-16 units: as many as a server's log has bytes, so that history is there until it
 * is read.
 */
export const KEPT_UNITS = 4_194_304;

/** The most messages on their way at once; less than a server takes at once unless it says so. */
export const MAX_IN_FLIGHT = 128;

/**
 * The most bytes of bodies on their way at once, unless a single body is longer. What its
 * members have in flight together must fit into a room's log: when all of them come back
 * with what they could not send, nobody shall be overrun.
 */
export const MAX_BYTES_IN_FLIGHT = 131_072;

/**
 * The most bytes of bodies in one frame, unless a single body is longer. With its envelope
 * such a frame has less than 1,024 bytes: Deno's client writes a longer one in two pieces,
 * and the second waits for the acknowledgement of the first (Nagle's algorithm against
 * delayed acknowledgements, 40 ms; measured: 2,900 messages a second instead of 55,000).
 */
export const MAX_BATCH_BYTES = 900;

/** The quotation marks and the comma of a body in a list. */
export const LIST_BYTES = 3;
