// This module runs in browsers: it needs no Deno.

/**
 * The commands of owners and moderators, carried out.
 *
 * @module
 */

import type { ChatClient } from "../../client.ts";
import { ban, kick, mute, setRole, setSettings } from "../client/conversation/moderation.ts";
import type { Command, ModerationAct } from "./words/commands.ts";
import { type AboutLinks, type WaysIn, withLinks } from "./invite.ts";
import { findPerson, type KnownPerson, readTime } from "./words/people.ts";
import type { RoomView } from "./room_view.ts";
import type { Shown } from "./words/shown.ts";

/** The roles that are given by name alone. */
const GIVEN = { unban: "member", unmute: "member", op: "moderator", deop: "member" } as const;

/**
 * Does something to the person that a text begins with. What it did comes as an event of the room.
 *
 * @throws {Error} where nobody is meant, or the server refuses it.
 */
async function moderate(
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

/** A command about who may do what in a room, or what it is about. */
export type RoomCommand = Extract<Command, { type: "moderate" | "topic" }> | AboutLinks;

/** Carries out a command of owners and moderators; returns what is to be shown. */
export async function manage(
  chat: ChatClient,
  view: RoomView,
  command: RoomCommand,
  ways: WaysIn,
  signal: AbortSignal,
): Promise<Shown | undefined> {
  const { room, charter } = view;
  switch (command.type) {
    case "moderate":
      await moderate(chat, room, view.people(), command, signal);
      return;
    case "topic":
      if (command.text === undefined) return { type: "topic", topic: charter.settings.topic };
      await setSettings(chat, room, { topic: command.text }, { signal });
      return;
    default:
      return await withLinks(chat, room, command, ways, signal);
  }
}

function reasonIn(text: string): string | undefined {
  return text === "" ? undefined : text;
}
