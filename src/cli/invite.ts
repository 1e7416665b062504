// This module runs in browsers: it needs no Deno.

/**
 * Links into rooms, made, listed and ended by commands.
 *
 * @module
 */

import type { ChatClient, ChatRoom, JoinOptions } from "../../client.ts";
import type { RequestSender } from "../client/conversation/conversation.ts";
import {
  createLink,
  endLink,
  inviteUrl,
  listLinks,
  readInvite,
} from "../client/conversation/links.ts";
import type { Command } from "./words/commands.ts";
import type { Shown } from "./words/shown.ts";

/** A command about links. */
export type AboutLinks = Extract<Command, { type: "invite" | "links" | "unlink" }>;

/** The ways in which others come to a room. */
export interface WaysIn {
  /** The command with which others join a room. */
  joinCommand: (roomId: string) => string;
  /** The page of the chat. */
  page: string;
}

/** Joins a room by its id, or by a link as `/invite` shows it: with or without the address before it. */
export function joinInvited(
  chat: Pick<ChatClient, "joinRoom">,
  invite: string,
  options: JoinOptions,
): Promise<ChatRoom> {
  const { roomId, link } = readInvite(invite);
  return chat.joinRoom(roomId, { ...options, link });
}

/** Carries out a command about the links into a room. */
export async function withLinks(
  chat: RequestSender,
  room: { readonly id: string },
  command: AboutLinks,
  { joinCommand, page }: WaysIn,
  signal: AbortSignal,
): Promise<Shown> {
  const roomId = room.id;
  switch (command.type) {
    case "invite": {
      const { role, forMs, uses } = command;
      const { id, link } = await createLink(chat, room, { role, forMs, uses, signal });
      const url = inviteUrl(page, roomId, link);
      return {
        type: "invitation",
        roomId,
        id,
        link,
        command: joinCommand(`${roomId}.${link}`),
        url,
      };
    }
    case "links":
      return { type: "links", roomId, links: await listLinks(chat, room, { signal }) };
    case "unlink":
      await endLink(chat, room, command.id, { signal });
      return { type: "links", roomId, links: await listLinks(chat, room, { signal }) };
  }
}
