// This module runs in browsers.

/// <reference lib="dom" />
/**
 * A room on the page: its name, how the connection stands, the list, the field and the panel.
 *
 * @module
 */

import type { ChatRoom, Message, RoomEvent, Status } from "../client.ts";
import type { Announcer } from "./announcer.ts";
import type { Choices } from "./choices.ts";
import { Composer } from "./composer.ts";
import { Conversation, type Target } from "./conversation.ts";
import { button, h, icon } from "./dom.ts";
import { keep, keepReadMark, type ReadMark, readMark } from "./kept.ts";
import type { MessageLine } from "./message_line.ts";
import type { Moderation } from "./moderation.ts";
import type { Panel } from "./panel.ts";
import { fill, loadActions, loadPanel, loadSearch, wear } from "./parts.ts";
import type { Person } from "./person.ts";
import type { Search } from "./search.ts";
import { type News, Timeline } from "./timeline.ts";
import { Typists } from "./typists.ts";
import { count, statusWords, typingWords } from "./words.ts";

/** Calls of a room to the element around it. */
export interface RoomActions {
  /** The room is entered. */
  entered(room: ChatRoom): void;
  /** There is no way in. */
  refused(reason: string): void;
  /** The address that leads here. */
  linkOf(roomId: string): string;
  /** The room's name, and how much of it was not read. */
  title(room: string, unread: number): void;
  chosen(choices: Choices): void;
  /** This person wants to be elsewhere. */
  leave(): void;
}

/** After this long without a connection it is said aloud, in milliseconds. */
const ALARM_MS = 5_000;

/** A break that is shorter is not worth a word, in milliseconds. */
const BREAK_MS = 800;

/** The time that a button says what it has done, in milliseconds. */
const DONE_MS = 2_000;

const LENS = "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14M16 16l4 4";

/** A room on the page. */
export class RoomView {
  readonly element: HTMLElement;
  readonly #target: Target;
  readonly #actions: RoomActions;
  readonly #announcer: Announcer;
  readonly #conversation: Conversation;
  readonly #timeline: Timeline;
  readonly #composer: Composer;
  readonly #contents = h("div", { tabindex: "-1" });
  readonly #finds = h("div", { tabindex: "-1", hidden: true });
  readonly #side = h(
    "aside",
    {
      "class": "panel",
      "part": "panel",
      "aria-label": "Room",
      "hidden": true,
      "keydown": (event) => (event as KeyboardEvent).key === "Escape" && this.#toggleSide(),
    },
    button("Close", () => this.#toggleSide(), { class: "close" }),
    this.#contents,
    this.#finds,
  );
  #panel: Panel | undefined;
  #search: Search | undefined;
  #moderation: Moderation | undefined;
  readonly #typists = new Typists(() => this.#showPeople());
  readonly #heading = h("h1", { dir: "auto", part: "name" });
  readonly #here = button("", () => this.#toggleSide(false), { class: "here" });
  readonly #find = h("button", {
    "type": "button",
    "class": "find",
    "aria-label": "Search",
    "aria-expanded": "false",
    "click": () => this.#toggleSide(true),
  }, icon(LENS));
  readonly #copy = button("Copy link", () => this.#copyLink(), { class: "copy" });
  readonly #status = h("p", { class: "status", part: "status", hidden: true });
  readonly #typing = h("p", { class: "typing", dir: "auto" });
  #name: string;
  #events: RoomEvent[] = [];
  #isDrawing = false;
  #outgoingChanged = false;
  /** Up to here it is history, from before this person came. */
  #head = 0;
  #mark: ReadMark | undefined;
  #news = 0;
  #newest: ReadMark | undefined;
  #alarm: ReturnType<typeof setTimeout> | undefined;
  #break: ReturnType<typeof setTimeout> | undefined;

  /** Makes a room that is not entered yet. */
  constructor(
    person: Person,
    name: string,
    target: Target,
    announcer: Announcer,
    actions: RoomActions,
  ) {
    this.#name = name;
    this.#target = target;
    this.#actions = actions;
    this.#announcer = announcer;
    const conversation = this.#conversation = new Conversation(person, target, {
      status: (status) => this.#showStatus(status),
      entered: (room) => this.#entered(room),
      event: (event) => this.#take(event),
      outgoing: () => {
        this.#outgoingChanged = true;
        this.#drawSoon();
      },
      refused: (reason) => actions.refused(reason),
    });
    this.#timeline = new Timeline({
      retry: (id) => conversation.retry(id),
      discard: async (id, edit) => {
        const text = await conversation.discard(id);
        if (edit) this.#composer.putBack(text);
      },
      reply: ({ author, message: { seq } }) => {
        const say = (text: string) => this.#say(text, { re: seq });
        this.#composer.begin(`Answer to ${author}`, "", say);
      },
      edit: (line) => this.#edit(line),
      change: (seq, change) => void conversation.change(seq, change),
      moderation: () => this.#moderation,
      earlier: (seq) => conversation.earlier(seq),
      leave: () => this.#composer.focus(),
      reading: () => this.reading(),
    });
    this.#composer = new Composer({
      say: (text, writtenAt) => this.#say(text, undefined, writtenAt),
      typing: () => conversation.typing(),
      editLast: () => {
        const line = this.#timeline.lastOwn;
        if (line !== undefined) this.#edit(line);
      },
    });
    this.#here.setAttribute("aria-expanded", "false");
    if ("id" in target) this.#write(target.id);
    this.element = h(
      "div",
      {
        class: "room",
        part: "room",
        keydown: (event) => {
          const { key, ctrlKey, metaKey } = event as KeyboardEvent;
          // Whoever presses it once more has the search of the browser.
          if (key !== "f" || !ctrlKey && !metaKey || this.#isShown(true)) return;
          event.preventDefault();
          this.#toggleSide(true);
        },
      },
      h("header", { part: "header" }, this.#heading, this.#find, this.#here, this.#copy),
      h("main", {}, this.#status, this.#timeline.element, this.#typing, this.#composer.element),
      this.#side,
    );
  }

  /** The id of the room; empty before a new one is made. */
  get roomId(): string {
    return this.#conversation.roomId;
  }

  /** Enters the room. */
  open(): void {
    this.#showStatus({ type: "connecting" });
    const id = this.roomId;
    this.#conversation.enter(id === "" || "id" in this.#target ? this.#target : { id });
  }

  /** Leaves the room. */
  close(): void {
    clearTimeout(this.#alarm);
    clearTimeout(this.#break);
    this.#typists.clear();
    this.#announcer.alert("");
    this.#conversation.close();
  }

  /** Somebody looks at the end of the list, or no longer. */
  reading(): void {
    const room = this.#conversation.room;
    if (room === undefined) return;
    if (this.#timeline.isReading) {
      this.#timeline.seen();
      if (this.#newest !== undefined) keepReadMark(room.id, this.#newest);
    }
    this.#actions.title(room.name, this.#timeline.unread);
  }

  /** Lets this person write. What is written belongs to a room, and was not said before. */
  async #write(roomId: string): Promise<void> {
    const isKept = await this.#conversation.writtenAt();
    this.#composer.room(roomId, (writtenAt) => isKept.has(writtenAt));
  }

  #say(text: string, fields?: Record<string, unknown>, writtenAt?: number): Promise<void> {
    this.#timeline.forgetNew();
    this.#timeline.toEnd();
    return this.#conversation.say(text, fields, writtenAt);
  }

  #edit({ text, message: { seq } }: MessageLine): void {
    const say = async (edit: string) => {
      if (edit !== text) await this.#conversation.change(seq, { edit });
    };
    this.#composer.begin("Edit your message", text, say);
  }

  async #entered(room: ChatRoom): Promise<void> {
    this.#timeline.clear(room.name || room.id);
    this.#heading.textContent = room.name || room.id;
    this.#head = room.head;
    this.#mark = readMark(room.id);
    this.#news = 0;
    this.#actions.entered(room);
    this.#actions.title(room.name, 0);
    this.#moderation = undefined;
    const { you, settings } = room.reply;
    if (settings?.topic || ["moderator", "owner"].includes(you?.role!)) this.#moderate(room);
    this.#showPeople();
    if (this.#composer.element.hidden) await this.#write(room.id);
    this.#composer.focus();
  }

  /** Loads what shows the topic, and moderates. */
  async #moderate(room: ChatRoom): Promise<void> {
    const part = await loadActions().catch(() => {});
    if (!part || this.#moderation || room !== this.#conversation.room) return;
    wear(this.element, part.style);
    const { clientId } = this.#conversation;
    this.#moderation = new part.Moderation(
      room,
      clientId,
      this.#heading,
      this.#conversation.with,
      () => this.#showPeople(),
      this.#actions.linkOf(room.id),
    );
    this.#showPeople();
  }

  #take(event: RoomEvent): void {
    this.#events.push(event);
    this.#drawSoon();
  }

  /** Draws once a frame; a page that nobody sees has no frames. */
  #drawSoon(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    const draw = () => {
      this.#isDrawing = false;
      this.#draw();
    };
    if (document.visibilityState === "visible") requestAnimationFrame(draw);
    else setTimeout(draw);
  }

  #draw(): void {
    const events = this.#events;
    this.#events = [];
    const room = this.#conversation.room;
    if (events.length > 0) {
      this.#timeline.add(events, (message) => this.#newsOf(message));
      for (const event of events) this.#follow(event);
      if (room !== undefined && this.#news > 0 && room.cursor >= this.#head) {
        this.#timeline.historyEnds(this.#news);
        this.#news = 0;
      }
      this.#showPeople();
      this.reading();
    }
    if (this.#outgoingChanged) {
      this.#outgoingChanged = false;
      this.#timeline.outgoing(this.#conversation.outgoing, this.#conversation.isConnected);
      const failed = this.#conversation.outgoing.filter(({ state }) => state === "failed").length;
      this.#announcer.alert(failed > 0 ? `${count(failed, "message")} not sent` : "");
    }
  }

  #newsOf({ own, seq, epoch }: Message): News {
    if (own) return "none";
    if (seq > this.#head) return "live";
    if (epoch !== this.#mark?.epoch || seq <= this.#mark.seq) return "none";
    this.#news++;
    return "missed";
  }

  #follow(event: RoomEvent): void {
    if (event.type === "typing") return this.#typists.add(event.from, event.name);
    if (!("seq" in event)) return;
    const { type, seq, epoch, from, own, name } = event;
    if (type === "room" || type === "role") this.#moderate(this.#conversation.room!);
    this.#newest = { seq, epoch };
    if (type === "message" || type === "leave" || type === "away") this.#typists.remove(from);
    const isHistory = seq <= (this.#conversation.room?.head ?? 0);
    if (type === "message" && !own && !isHistory) {
      this.#announcer.message(name ?? "Somebody", event.body, this.#name);
    }
  }

  #showPeople(): void {
    const room = this.#conversation.room;
    const typing = this.#typists.names;
    this.#typing.textContent = typingWords([...typing.values()]);
    if (room === undefined) return;
    this.#here.textContent = room.presence
      ? `${count(room.members.size, "person", "people")} here`
      : "Many here";
    if (!this.#side.hidden) {
      this.#panel?.show(room, this.#conversation.clientId, typing, this.#moderation);
    }
  }

  #showStatus(status: Status): void {
    clearTimeout(this.#break);
    this.#outgoingChanged = true;
    this.#drawSoon();
    if (status.type === "connected") {
      clearTimeout(this.#alarm);
      this.#alarm = undefined;
      this.#announcer.alert("");
      this.#status.hidden = true;
      return;
    }
    const words = statusWords(status);
    const show = () => {
      const again = status.type === "closed"
        ? button("Connect again", () => this.open())
        : status.type === "reconnecting" && button("Try now", () => this.#conversation.retryNow());
      this.#status.replaceChildren(h("span", {}, words), ...again ? [again] : []);
      this.#status.hidden = false;
    };
    if (this.#status.hidden && status.type !== "closed") this.#break = setTimeout(show, BREAK_MS);
    else show();
    this.#alarm ??= setTimeout(() => this.#announcer.alert(words), ALARM_MS);
  }

  #isShown(isSearch: boolean): boolean {
    return !this.#side.hidden && this.#finds.hidden !== isSearch;
  }

  /** Opens the search or the panel at the side, or closes what is open there. */
  #toggleSide(isSearch = !this.#finds.hidden): void {
    const isShown = !this.#isShown(isSearch);
    this.#side.hidden = !isShown;
    this.#finds.hidden = !isSearch;
    this.#contents.hidden = isSearch;
    this.#here.setAttribute("aria-expanded", `${isShown && !isSearch}`);
    this.#find.setAttribute("aria-expanded", `${isShown && isSearch}`);
    if (!isShown) {
      this.#here.focus();
      // It is not there on a phone.
      if (isSearch) this.#find.focus();
      return;
    }
    this.#side.querySelector("button")?.focus();
    if (isSearch) {
      if (this.#search !== undefined) return this.#search.focus();
      fill(this.#finds, () => this.#makeSearch(), (search) => {
        this.#search = search;
        search.focus();
      });
    } else if (this.#panel !== undefined) this.#showPeople();
    else {
      fill(this.#contents, () => this.#makePanel(), (panel) => {
        this.#panel = panel;
        this.#showPeople();
      });
    }
  }

  async #makeSearch(): Promise<Search> {
    const { Search } = await loadSearch();
    return new Search({
      room: () => this.#conversation.room,
      with: this.#conversation.with,
      show: (seq) => {
        const { offsetWidth } = this.element;
        // On a phone it lies above the list.
        if (this.#timeline.has(seq) && this.#side.offsetWidth === offsetWidth) this.#toggleSide();
        return this.#timeline.show(seq);
      },
    });
  }

  async #makePanel(): Promise<Panel> {
    const { Panel } = await loadPanel();
    return new Panel(this.#name, {
      rename: async (name) => {
        await this.#conversation.rename(name);
        this.#name = name;
        keep("name", name);
      },
      chosen: (choices) => this.#actions.chosen(choices),
      search: () => this.#toggleSide(true),
      leave: () => this.#actions.leave(),
    });
  }

  async #copyLink(): Promise<void> {
    const link = this.#actions.linkOf(this.roomId);
    try {
      await navigator.clipboard.writeText(link);
      this.#copy.textContent = "Copied";
      this.#announcer.say("The link is copied");
    } catch {
      // Without leave, or where the page did not come over TLS: to be copied by hand.
      prompt("The link of this room", link);
    }
    setTimeout(() => this.#copy.textContent = "Copy link", DONE_MS);
  }
}
