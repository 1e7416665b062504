/**
 * A page with the React hook of the examples, as {@linkcode import("./use_chat_test.ts")} loads it:
 * its address says which server and room. React runs each effect twice, as it does in development.
 *
 * @module
 */

// @ts-types="@types/react"
import { createElement, StrictMode } from "react";
// @ts-types="@types/react-dom/client"
import { createRoot } from "react-dom/client";
import { useChat } from "../../examples/use_chat.ts";

const { server = "", room = "" } = Object.fromEntries(new URLSearchParams(location.search));
// Types of a browser are not among those of this project.
const { document } = globalThis as unknown as { document: { body: Element } };

function Room() {
  const { messages, status, send } = useChat(server, room, "Page");
  return createElement(
    "main",
    null,
    createElement("p", null, status),
    createElement("button", { onClick: () => send("from the page") }, "Send"),
    messages.map(({ seq, name, body }) => createElement("li", { key: seq }, `${name}: ${body}`)),
  );
}

createRoot(document.body).render(createElement(StrictMode, null, createElement(Room)));
