// This module runs in browsers.

/// <reference lib="dom" />
/**
 * The menu of a message, and moderation. A part of its own: it is loaded when a menu is opened, and in
 * rooms that have a topic, that this person moderates, or that somebody has moderated.
 *
 * @module
 */

import STYLE from "./dist/actions.css" with { type: "text" };
import { button } from "./dom.ts";
import type { MessageActions, MessageLine } from "./message_line.ts";
import { Moderation } from "./moderation.ts";
import { moderationWords } from "./moderation_words.ts";

export { Moderation, moderationWords };

/** The look of the menu's dialogs, the topic and the tools. */
export const style = new CSSStyleSheet();
style.replaceSync(STYLE);

/** Reactions that are offered. */
const OFFERED = ["👍", "❤️", "😂", "🎉", "😮"];

/** Makes what is in the menu of a message; `close` closes it. */
export function menu(
  line: MessageLine,
  { reply, edit, change, moderation }: MessageActions,
  close: () => void,
): { elements: HTMLElement[]; style: CSSStyleSheet } {
  const { from, seq, own } = line.message;
  const act = (words: string, work: () => void) =>
    button(words, () => {
      close();
      work();
    });
  const tools = moderation();
  return {
    style,
    elements: [
      ...OFFERED.map((name) =>
        button(name, () => {
          line.react(name);
          close();
        }, { "aria-label": `React with ${name}` })
      ),
      act("Answer", () => reply(line)),
      ...(line.isOwn ? [act("Edit", () => edit(line))] : []),
      ...(own || tools?.isModerator ? [act("Delete", () => change(seq, { redact: true }))] : []),
      ...(own ? [] : tools?.toolsFor(from, line.author, close) ?? []),
    ],
  };
}
