/**
 * The limits of the wire.
 *
 * @module
 */

/** The largest message body, in bytes of UTF-8: 65,536. */
export const MAX_BODY_BYTES: number = 65_536;

/**
 * The largest message body in bytes of JSON: 131,072. Only control characters, at six bytes each, can make a
 * body larger. The runtime keeps for each connection a buffer as large as its largest frame: all
 * members of a room would pay for one such body.
 */
export const MAX_BODY_JSON_BYTES: number = 2 * MAX_BODY_BYTES;

/**
 * The longest frame that is parsed, in UTF-16 units, and the largest one that a server sends, in
 * bytes of UTF-8, 394,240: a body of the largest size in which every byte is written as `\u0000`,
 * and its envelope.
 */
export const MAX_FRAME_CHARS: number = 6 * MAX_BODY_BYTES + 1_024;

/**
 * The deepest nesting of the `data` of a message: 32, where `[[1]]` is 2 deep. Parsers of some languages
 * end the program on what is much deeper.
 */
export const MAX_DATA_DEPTH: number = 32;

/** The longest reaction to a message, in bytes of UTF-8: 64, enough for a family of emoji. */
export const MAX_REACTION_BYTES: number = 64;

/** The most kinds of reactions to one message: 32. Of each kind there may be any number. */
export const MAX_REACTIONS: number = 32;

/** The longest name of a room or a person, in bytes of UTF-8: 128. */
export const MAX_NAME_BYTES: number = 128;

/** The longest name in UTF-16 units: it has at most one for each byte. */
export const MAX_NAME_CHARS: number = MAX_NAME_BYTES;

/** The longest id, secret or `ref`, in UTF-16 units: 128. */
export const MAX_ID_CHARS: number = 128;

/** The most bodies in one `messages` frame: 256. */
export const MAX_BATCH: number = 256;

/**
 * The most members that one frame names: 16. The runtime keeps for each connection a buffer as large as
 * the largest frame it was sent: a frame with all members of a room of 100 took 1.5 KiB of each of
 * their connections on average, for as long as it lasted.
 */
export const MAX_LISTED: number = 16;

/** The most entries of history a `join` may ask for with `last`: 10,000; more is `invalid_frame`. */
export const MAX_LAST: number = 10_000;

/** The limits of a server, as `connected` names them. */
export interface Limits {
  /** Bytes of UTF-8 in a message body. */
  body_bytes: number;
  /** UTF-16 units in a name. */
  name_chars: number;
  /** Bytes of UTF-8 in a name; missing from earlier servers. */
  name_bytes?: number;
  /** Bodies in one `messages` frame. */
  batch: number;
  /** Rooms one client may be in. */
  rooms: number;
  /** Bytes of UTF-8 in the largest frame that the server sends, or reads. */
  frame_bytes: number;
  /** Frames a second on average; missing where there is no limit, like all below. */
  rate?: number;
  /** The most frames at once. */
  burst?: number;
  /** Frames at once of a new client. */
  start?: number;
  /** Members that a frame reaches for its price; to twice as many it costs twice as much. */
  price_members?: number;
}
