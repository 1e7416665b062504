/**
 * The things that people of a simulated world do, and what comes of them, for those who judge.
 *
 * @module
 */

import type { ChatClient, ChatRoom, RoomEvent } from "../../client.ts";
import type {
  Conversation,
  HistoryPage,
  PresentMessage,
} from "../../src/client/conversation/conversation.ts";
import type { Process } from "./timeline.ts";

/** One reader of a room. */
export interface Reader {
  readonly person: string;
  readonly process: Process;
  readonly chat: ChatClient;
  readonly room: ChatRoom;
  /** The messages as it sees them. */
  readonly conversation: Conversation;
  /** The epoch and cursor that it begins behind. */
  readonly epoch: string;
  readonly after: number;
}

/** Things that people do, and what comes of them, for those who judge. */
export type Observation =
  | { type: "said"; person: string; clientId: string; mark: string; roomId: string }
  | { type: "acknowledged"; person: string; mark: string; seq: number | undefined }
  | { type: "refused"; person: string; mark: string; mayBeStored: boolean; code: string }
  | { type: "entered"; reader: Reader }
  /** Something has happened in a room, and has made this of a message. */
  | { type: "seen"; reader: Reader; event: RoomEvent; message: PresentMessage | undefined }
  /** A plain client was told a message of others; it is elsewhere from now on; the server said something by itself. */
  | { type: "heard"; person: string; mark: string }
  | { type: "moved"; person: string }
  | { type: "told"; person: string; message: string }
  /** A page of a log was read. */
  | {
    type: "page";
    person: string;
    query: { before?: number; after?: number; around?: number };
    /** The life of the log that the query was meant for. */
    asked: string;
    /** The cursor of the room as it asked. */
    cursor: number;
    page: HistoryPage;
  }
  /** Its read marker is there, which was to be at `least` there. */
  | { type: "read"; person: string; room: string; least: number; seq: number }
  | { type: "status"; person: string; status: ChatClient["status"] }
  | { type: "failed"; person: string; what: string; error: unknown };
