/**
 * A React hook: `const { messages, status, send } = useChat(url, roomId, name)`.
 *
 * @module
 */

// @ts-types="@types/react"
import { useCallback, useEffect, useRef, useState } from "react";
// Outside of this repository: from "jsr:@parley/chat/client"
import { ChatClient, type ChatRoom, type Message } from "../client.ts";

/** The most messages that are kept. */
const MOST = 1_000;

/** A room as a component sees it. */
export interface ChatView {
  /** The newest messages, the oldest of them first. */
  messages: readonly Message[];
  /** `connecting`, `connected`, `reconnecting`, `closed`, or why the room cannot be entered. */
  status: string;
  /** Says something; resolves when it is stored. */
  send(text: string): Promise<unknown>;
}

/** Joins a room for as long as the component is there. */
export function useChat(url: string, roomId: string, name: string): ChatView {
  const [messages, setMessages] = useState<readonly Message[]>([]);
  const [status, setStatus] = useState("idle");
  const current = useRef<ChatRoom>(undefined);

  useEffect(() => {
    const chat = new ChatClient(url, { name });
    async function readStatuses() {
      for await (const { type } of chat.statuses()) setStatus(type);
    }
    async function readRoom() {
      await chat.connect();
      const room = current.current = await chat.joinRoom(roomId, { last: 50 });
      for await (const message of room) setMessages((all) => [...all, message].slice(-MOST));
    }
    setMessages([]);
    readStatuses();
    readRoom().catch(({ message }) => setStatus(message));
    return () => {
      current.current = undefined;
      chat.close(); // ends both loops
    };
  }, [url, roomId, name]);

  const send = useCallback(async (text: string) => {
    if (current.current === undefined) throw new Error("Not in the room yet");
    return await current.current.send(text);
  }, []);
  return { messages, status, send };
}
