// This module runs in browsers: it needs no Deno.

/**
 * The commands of owners and moderators, carried out.
 *
 * @module
 */

import type { ChatClient } from "../../client.ts";
import { ban, kick, mute, setRole, setSettings } from "../client/moderation.ts";
import type { ModerationAct } from "./commands.ts";
import { findPerson, type KnownPerson, readTime } from "./people.ts";

/** The roles that are given by name alone. */
const GIVEN = { unban: "member", unmute: "member", op: "moderator", deop: "member" } as const;

/**
 * Does something to the person that a text begins with. What it did comes as an event of the room.
 *
 * @throws {Error} where nobody is meant, or the server refuses it.
 */
export async function moderate(
  chat: ChatClient,
  room: { readonly id: string },
  people: readonly KnownPerson[],
  { act, text }: { act: ModerationAct; text: string },
  signal: AbortSignal,
): Promise<void> {
  const { to, rest } = findPerson(text, people);
  switch (act) {
    case "kick":
      await kick(chat, room, to, { signal, reason: reasonIn(rest) });
      return;
    case "ban":
    case "mute": {
      const { forMs, rest: reason } = readTime(rest);
      const options = { signal, forMs, reason: reasonIn(reason) };
      await (act === "ban" ? ban : mute)(chat, room, to, options);
      return;
    }
    case "unban":
    case "unmute":
    case "op":
    case "deop":
      await setRole(chat, room, to, GIVEN[act], { signal, reason: reasonIn(rest) });
      return;
    default:
      act satisfies never;
  }
}

/** Sets the topic of a room; an empty one takes it away. */
export async function setTopic(
  chat: ChatClient,
  room: { readonly id: string },
  topic: string,
  signal: AbortSignal,
): Promise<void> {
  await setSettings(chat, room, { topic }, { signal });
}

function reasonIn(text: string): string | undefined {
  return text === "" ? undefined : text;
}
