/**
 * All that a store of one's own is made of, and the suite that it has to pass:
 *
 * ```ts
 * import { MemoryStore, type OpenStore, testStore } from "jsr:@parley/chat/store";
 *
 * const open: OpenStore = (events, options) =>
 *   new MemoryStore(events, options, () => crypto.randomUUID());
 *
 * testStore(Deno.test, () => open, { durable: false });
 * ```
 *
 * @module
 */

export { Charter } from "./src/core/authority/charter.ts";
export type { CharterChange, StoredCharter } from "./src/core/authority/charter.ts";
export type {
  Came,
  LinkList,
  LinkUse,
  StoredLink,
  StoredLinks,
} from "./src/core/authority/link_list.ts";
export { Log } from "./src/core/log/log.ts";
export type {
  LogEntry,
  LogLimits,
  LogPart,
  NewestText,
  Page,
  PageQuery,
} from "./src/core/log/log.ts";
export type { MemoryBound, Shrinkable } from "./src/core/limits/memory_bound.ts";
export { LoggedStates } from "./src/core/log/logged_states.ts";
export { isChange } from "./src/core/log/message_states.ts";
export type { MessageStates, Target } from "./src/core/log/message_states.ts";
export { judge } from "./src/core/state/numbers.ts";
export { hasWords, tokensOf } from "./src/core/log/search.ts";
export { DELETED } from "./src/core/store/store.ts";
export type {
  Bus,
  ClientStore,
  Found,
  HistoryStore,
  KeptRoom,
  LogStore,
  Marker,
  MarkerStore,
  OpenStore,
  Return,
  RevocationStore,
  SearchQuery,
  SearchStore,
  Store,
  StoredClient,
  StoredRoom,
  StoreEvents,
  StoreLimits,
  StoreOptions,
} from "./src/core/store/store.ts";
export { denial, isModeration } from "./src/core/authority/verdict.ts";
export { encodeEntry } from "./src/protocol/encode.ts";
export { ChatError, roomGone } from "./src/protocol/errors.ts";
export type { ChatErrorOptions, ErrorCode } from "./src/protocol/errors.ts";
export type {
  Act,
  Author,
  ChangeDraft,
  ChangeEntry,
  ChangeParts,
  ClientDraft,
  Draft,
  DraftOf,
  KickEntry,
  MemberInfo,
  MessageDraft,
  ModerationDraft,
  PresenceDraft,
  PresenceEntry,
  PresenceEvent,
  RoleEntry,
  RoleInfo,
  SettingsEntry,
} from "./src/protocol/frames.ts";
export type { ChangedSettings, Role, RoomSettings } from "./src/protocol/roles.ts";
export { Roster } from "./src/protocol/roster.ts";
export type { RosterMember } from "./src/protocol/roster.ts";
export { MemoryStore } from "./src/store/memory.ts";
export { testStore } from "./src/store/suite/suite.ts";
export type { DeclareTest, StoreTraits } from "./src/store/suite/suite.ts";
