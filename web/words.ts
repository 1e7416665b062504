// This module runs in browsers.

/**
 * Words that the page says.
 *
 * @module
 */

import type { Status } from "../client.ts";

/** Says how the connection stands; nothing where all is well. */
export function statusWords(status: Status): string {
  switch (status.type) {
    case "connected":
      return "";
    case "idle":
    case "connecting":
      return "Connecting…";
    case "closed":
      return `Disconnected: ${status.reason}`;
    case "reconnecting": {
      const seconds = Math.ceil(status.delayMs / 1_000);
      if (seconds <= 1) return "Connection lost. Trying again…";
      return Number.isFinite(seconds)
        ? `Connection lost. Trying again in ${seconds} seconds…`
        : "Connection paused";
    }
  }
  status satisfies never;
}

/** A number of things: "1 message", "5 messages". */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString()} ${number === 1 ? one : many}`;
}

/** Says who types. */
export function typingWords(names: string[]): string {
  if (names.length === 0) return "";
  if (names.length === 1) return `${names[0]} is typing…`;
  if (names.length === 2) return `${names[0]} and ${names[1]} are typing…`;
  return "Several people are typing…";
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const FAR_DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });

/** The time of day, as it is here. */
export function clock(at: number): string {
  return CLOCK.format(at);
}

/** The day and the time to the second, as they are here. */
export function exact(at: number): string {
  return EXACT.format(at);
}

/** The day that a moment lies in, as it is here; days can be compared. */
export function dayOf(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

/** The name of a day, seen from `now`. */
export function dayWords(day: number, now: number): string {
  const today = dayOf(now);
  if (day === today) return "Today";
  if (day === new Date(today).setDate(new Date(today).getDate() - 1)) return "Yesterday";
  return (today - day < 300 * 86_400_000 ? DAY : FAR_DAY).format(day);
}
