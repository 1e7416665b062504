// This module runs in browsers.

/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * The topic of a room, and the tools of those who moderate it: remove, mute and ban people, delete
 * what others have said, and give the room its topic. Whoever has made it gets its owner link.
 *
 * @module
 */

import type { ChatClient, ChatRoom, RoomEvent } from "../client.ts";
import {
  ban,
  kick,
  type Moderated,
  mute,
  RoomCharter,
  setRole,
  setSettings,
} from "../src/client/conversation/moderation.ts";
import { button, field, h, nameOf } from "./dom.ts";

/** The longest topic and reason, in UTF-16 units. */
const MOST_REMARK = "256";

/** Roles, the least first. */
const ROLES = ["none", "reader", "member", "moderator", "owner"];

/** The times for which somebody is muted or banned, in milliseconds. */
const TIMES: Record<string, number> = {
  "For an hour": 3_600_000,
  "For a day": 86_400_000,
  "For good": 0,
};

/** The most names that are kept of people who were seen. */
const MOST_NAMES = 1_000;

/** The owner link of a room: nothing that was made of it. */
const OWNER_LINK = /^owner\.\w+$/;

/** The time that a button says what it has done, in milliseconds. */
const DONE_MS = 2_000;

/** Does something with a client, as often as it takes. */
type With = <Result>(work: (chat: ChatClient) => Promise<Result>) => Promise<Result>;

/** Something that is done to somebody, for a time or not, with a reason. */
interface Deed {
  words: string;
  ends: boolean;
  work(
    chat: ChatClient,
    to: string,
    options: { reason?: string; forMs?: number },
  ): Promise<Moderated>;
}

/** The moderation of one room. */
export class Moderation {
  /** The tools for the whole room; empty for whoever has none. */
  readonly settings: HTMLElement = h("div", { class: "settings" });
  readonly #topic = h("p", { class: "topic", part: "topic", dir: "auto", hidden: true });
  readonly #room: ChatRoom;
  readonly #clientId: string;
  readonly #with: With;
  readonly #done: () => void;
  readonly #charter: RoomCharter;
  readonly #names = new Map<string, string>();
  readonly #input: HTMLInputElement;
  readonly #form: HTMLFormElement;
  readonly #problem = h("p", { class: "problem", role: "alert" });
  readonly #banned = h("ul", { class: "banned" });
  /** The address that makes whoever opens it an owner; undefined where this person was told none. */
  readonly #ownerAddress: string | undefined;
  /** Says to whoever has just made the room that there is such an address. */
  readonly #made = h(
    "p",
    { class: "status made" },
    "Only your owner link makes you its owner again.",
  );

  /**
   * Begins with what the server has said of the room; the topic stands behind `heading`, and `done` is
   * called when a tool has been used. The room is at `address`.
   */
  constructor(
    room: ChatRoom,
    clientId: string,
    heading: HTMLElement,
    withChat: With,
    done: () => void,
    address: string,
  ) {
    this.#room = room;
    this.#clientId = clientId;
    this.#with = withChat;
    this.#done = done;
    this.#charter = new RoomCharter(room, clientId);
    const [label, input] = field("Topic", { maxlength: MOST_REMARK, dir: "auto" });
    this.#input = input;
    this.#form = h(
      "form",
      {
        submit: (event) => {
          event.preventDefault();
          const topic = this.#input.value.trim();
          this.#try((chat) => setSettings(chat, room, { topic }), this.#problem);
        },
      },
      label,
      button("Set", () => this.#form.requestSubmit()),
      this.#problem,
    );
    heading.parentElement!.querySelector(".topic")?.remove();
    heading.after(this.#topic);
    const { link = "" } = room.reply;
    if (OWNER_LINK.test(link)) this.#ownerAddress = `${address}.${link}`;
    const place = heading.closest(".room")?.querySelector("main");
    place?.querySelector(".made")?.remove();
    // Of a room that was not begun now, it is in the panel.
    if (this.#ownerAddress !== undefined && room.head === 0) place?.prepend(this.#made);
    this.#made.append(
      this.#copyButton(),
      button("Not now", () => this.#made.remove(), { class: "quiet" }),
    );
    this.#show();
    this.#read();
  }

  /** Says whether this person may moderate. */
  get isModerator(): boolean {
    return this.#rank >= ROLES.indexOf("moderator");
  }

  /**
   * The tools for a person, as buttons; none where this person may do nothing to it. `used` is called
   * before one of them asks once more.
   */
  toolsFor(id: string, name: string, used: () => void = () => {}): HTMLElement[] {
    const { sub } = this.#room.members.get(id) ?? {};
    const to = sub ?? id;
    const role = this.#charter.roleOf(to, Date.now()) ?? this.#charter.settings.default;
    if (!this.isModerator || id === this.#clientId || ROLES.indexOf(role) >= this.#rank) return [];
    const room = this.#room;
    const isMuted = role === "reader";
    const deeds: Deed[] = [
      isMuted
        ? {
          words: "Let write",
          ends: false,
          work: (chat, to, options) => setRole(chat, room, to, "member", options),
        }
        : { words: "Mute", ends: true, work: (chat, to, options) => mute(chat, room, to, options) },
      {
        words: "Remove",
        ends: false,
        work: (chat, to, options) => kick(chat, room, to, options),
      },
      { words: "Ban", ends: true, work: (chat, to, options) => ban(chat, room, to, options) },
    ];
    return deeds.map((deed) => {
      const act = button(`${deed.words}…`, () => {
        used();
        this.#ask(deed, to, name, act);
      });
      act.setAttribute("aria-label", `${deed.words} ${name}`);
      return act;
    });
  }

  /** Asks once more, for how long, and why. */
  #ask({ words, ends, work }: Deed, to: string, name: string, near: HTMLElement): void {
    const [reasonLabel, reason] = field("Reason, which everybody sees", {
      maxlength: MOST_REMARK,
      dir: "auto",
    });
    const time = h("select", {}, ...Object.keys(TIMES).map((words) => h("option", {}, words)));
    const problem = h("p", { class: "problem", role: "alert" });
    const dialog = h(
      "dialog",
      // What is typed here is no key of the list or the panel.
      { "aria-label": `${words} ${name}`, "keydown": (event) => event.stopPropagation() },
      h("h2", {}, `${words} `, nameOf(name), "?"),
      ends && h("label", {}, h("span", {}, "How long"), time),
      reasonLabel,
      problem,
      h(
        "div",
        { class: "row" },
        button(words, async () => {
          const forMs = ends ? TIMES[time.value] : 0;
          const options = {
            ...reason.value.trim() !== "" && { reason: reason.value.trim() },
            ...forMs !== 0 && { forMs: forMs! },
          };
          if (await this.#try((chat) => work(chat, to, options), problem)) dialog.close();
        }, { class: "main" }),
        button("Cancel", () => dialog.close()),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      this.#done();
    });
    // Above all that scrolls, and with the style of the element.
    (near.closest(".room") ?? near).append(dialog);
    dialog.showModal();
  }

  /** A button that copies the owner link; it is a secret, so the page shows it to nobody who looks on. */
  #copyButton(): HTMLButtonElement {
    const words = "Copy owner link";
    const copy = button(words, async () => {
      const address = this.#ownerAddress!;
      try {
        await navigator.clipboard.writeText(address);
        copy.textContent = "Copied";
        setTimeout(() => copy.textContent = words, DONE_MS);
      } catch {
        // Without leave, or where the page did not come over TLS: to be copied by hand.
        prompt("Your owner link", address);
      }
    });
    return copy;
  }

  async #try(
    work: (chat: ChatClient) => Promise<Moderated>,
    problem: HTMLElement,
  ): Promise<boolean> {
    problem.textContent = "";
    try {
      await this.#with(work);
      return true;
    } catch (error) {
      problem.textContent = (error as Error).message;
      return false;
    }
  }

  get #rank(): number {
    return ROLES.indexOf(this.#charter.role(Date.now()) ?? "member");
  }

  async #read(): Promise<void> {
    for await (const event of this.#room.events({ from: "start" })) {
      this.#know(event);
      if (this.#charter.take(event)) this.#show();
    }
    // The room was left.
    this.#topic.remove();
    this.#made.remove();
  }

  /** Keeps the names of those who are seen: who is banned is no member any more. */
  #know(event: RoomEvent): void {
    if (!("from" in event) || event.name === undefined) return;
    this.#names.delete(event.from);
    this.#names.set(event.from, event.name);
    const [first] = this.#names.keys();
    if (this.#names.size > MOST_NAMES) this.#names.delete(first!);
  }

  #show(): void {
    const { topic } = this.#charter.settings;
    if (this.#input.value === this.#topic.textContent) this.#input.value = topic;
    this.#topic.textContent = this.#topic.title = topic;
    this.#topic.hidden = topic === "";
    if (!this.isModerator) return this.settings.replaceChildren();
    const banned = [...this.#charter.roles(Date.now())].filter(([, role]) => role === "none");
    this.#banned.replaceChildren(...banned.map(([to]) => {
      const name = this.#names.get(to) ?? to;
      const back = button(
        "Let in again",
        () => this.#try((chat) => setRole(chat, this.#room, to, "member"), this.#problem),
        { "aria-label": `Let ${name} in again` },
      );
      return h("li", {}, nameOf(name), back);
    }));
    const heading = banned.length > 0 && h("h2", {}, "Banned");
    const owner = this.#ownerAddress !== undefined && h(
      "p",
      {},
      "Whoever has your owner link owns the room. ",
      this.#copyButton(),
    );
    this.settings.replaceChildren(
      this.#form,
      ...owner ? [owner] : [],
      ...heading ? [heading, this.#banned] : [],
    );
  }
}
