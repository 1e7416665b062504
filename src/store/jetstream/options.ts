// This module is pure: no sockets, no clock, no Deno.

/**
 * The options of the store in NATS, and their defaults.
 *
 * @module
 */

import {
  checkedNumbers,
  checkedOptions,
  type Range,
  shown,
} from "../../core/state/option_checks.ts";

/** The servers of NATS, and the settings of the chats that share them. */
export interface NatsOptions {
  /**
   * The NATS servers, each as `host:port`, with an IPv6 address as `[::1]:4222`. When one fails,
   * the chat goes on with another.
   */
  servers: string | string[];
  /** The user name, where the servers ask for one. */
  user?: string;
  /** The password of `user`; without a user, a token. */
  password?: string;
  /**
   * The name of this system, which tells it from others in the same NATS: letters, digits, `_` and
   * `-`. All subjects and streams begin with it. It is `parley` unless given.
   */
  name?: string;
  /**
   * The number of NATS servers that keep each entry, from 1 to 5: of 3 one may be lost, of 5 two. 1
   * unless given.
   */
  replicas?: number;
  /**
   * Milliseconds between two checks that NATS answers: after two of these, a chat knows that it
   * does not. 1,000 unless given.
   */
  probeMs?: number;
  /** Milliseconds of silence of a chat after which its members have left; 5,000 unless given. */
  leaseMs?: number;
}

/** Checked options, with the defaults. */
export interface NatsSettings extends NatsNumbers, Pick<NatsOptions, "user" | "password"> {
  servers: string[];
  name: string;
  /** Set where streams that are there stay as they are, whatever the settings here. */
  isGuest?: true;
}

/** The options that are whole numbers. */
export interface NatsNumbers {
  replicas: number;
  probeMs: number;
  leaseMs: number;
}

/** The defaults of the options that are whole numbers. */
export const NATS_DEFAULTS: Readonly<NatsNumbers> = { replicas: 1, probeMs: 1_000, leaseMs: 5_000 };

/** The values that they may have. */
export const NATS_RANGES: Readonly<Record<keyof NatsNumbers, Range>> = {
  replicas: [1, 5],
  probeMs: [1, 86_400],
  leaseMs: [1, 86_400_000],
};

/** The form of a server, with an IPv6 address in brackets. */
export const SERVER: string = String.raw`(?:[\w.-]+|\[[\da-fA-F:.]+\]):\d+`;

/** The form of a name: it is a word of a subject. */
export const NAME: string = String.raw`[\w-]+`;

const NAMES = ["servers", "user", "password", "name", "replicas", "probeMs", "leaseMs"] as const;

/**
 * Checks options, and adds the defaults.
 *
 * @throws {RangeError} that names the wrong option and its value, but no password.
 */
export function checkedNats(given: NatsOptions): NatsSettings {
  const options = checkedOptions("nats", given, NAMES);
  const { servers, name = "parley", user, password } = options;
  if (typeof name !== "string" || !new RegExp(`^${NAME}$`).test(name)) {
    throw new RangeError(`name must be of letters, digits, _ and -, not ${shown(name)}`);
  }
  if (user !== undefined && typeof user !== "string") {
    throw new RangeError(`user must be a string, not ${shown(user)}`);
  }
  if (password !== undefined && typeof password !== "string") {
    throw new RangeError(`password must be a string, not a ${typeof password}`);
  }
  return {
    servers: checkedServers(servers),
    name,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...NATS_DEFAULTS,
    ...checkedNumbers(options, NATS_RANGES),
  };
}

function checkedServers(servers: unknown): string[] {
  const all: unknown[] = Array.isArray(servers) ? servers : [servers];
  const isServer = (server: unknown) =>
    typeof server === "string" && new RegExp(`^${SERVER}$`).test(server);
  if (all.length > 0 && all.every(isServer)) return all.map(String);
  const wrong = all.length === 0 ? servers : all.find((server) => !isServer(server));
  // It may hold a password.
  const written = shown(typeof wrong === "string" ? wrong.replace(/^.*@/s, "…@") : wrong);
  throw new RangeError(`servers must be like "127.0.0.1:4222", or several, not ${written}`);
}
