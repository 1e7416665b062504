/**
 * The clients of a run, connected and in their rooms.
 *
 * @module
 */

import { ChatClient, type ChatRoom } from "../client.ts";
import { SequenceCheck } from "./sequence_check.ts";

/** A client in its one room. */
export interface Member {
  chat: ChatClient;
  room: ChatRoom;
  /** The measured messages that came, by the number of their sender. */
  checks: Map<number, SequenceCheck>;
}

/** The number of clients that connect at the same time. */
const CONNECT_TOGETHER = 50;

/** Where clients go: the number of a client is its place in the list that comes of it. */
export interface EnterOptions {
  url: string;
  clients: number;
  rooms: number;
  /** Senders in each room: its first members, so that sender `i` is client `i`. */
  senders: number;
  signal?: AbortSignal;
}

/**
 * Connects all clients and deals them out to the rooms in turn. Those that were made are in
 * `chats` even where it rejects: close them.
 */
export async function enter(options: EnterOptions, chats: ChatClient[]): Promise<Member[]> {
  const { url, clients, rooms, senders, signal } = options;
  const wait = signal === undefined ? {} : { signal };
  const members: Member[] = [];
  // The first client of each room makes it; the others join it afterwards.
  const ids: string[] = [];
  for (let first = 0; first < clients;) {
    const count = Math.min(CONNECT_TOGETHER, (first < rooms ? rooms : clients) - first);
    const joined = await Promise.all(Array.from({ length: count }, async (_, i) => {
      const chat = new ChatClient(url);
      chats.push(chat);
      await chat.connect(wait);
      const id = ids[(first + i) % rooms];
      const room = id === undefined
        ? await chat.createRoom(`bench ${first + i}`, wait)
        : await chat.joinRoom(id, wait);
      return { chat, room, checks: checksOf(first + i, rooms, senders) };
    }));
    members.push(...joined);
    if (first < rooms) ids.push(...joined.map(({ room }) => room.id));
    first += count;
  }
  return members;
}

/** One check for each sender that a client hears: those of its room but itself. */
function checksOf(client: number, rooms: number, senders: number): Map<number, SequenceCheck> {
  const heard = Array.from({ length: senders }, (_, i) => client % rooms + i * rooms)
    .filter((sender) => sender !== client);
  return new Map(heard.map((sender) => [sender, new SequenceCheck()]));
}
