/**
 * The names that the package gives to others. Whoever adds or takes away one changes the list
 * here, and says so in CHANGELOG.md.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import "./support/ignore_unpermitted.ts";

const ROOT = new URL("../", import.meta.url);

/** Names that an entry of the package exports, by kind; types are interfaces and aliases. */
interface Exports {
  classes?: string;
  functions?: string;
  constants?: string;
  types?: string;
}

const CLIENT: Exports = {
  classes: "ChatClient ChatError ConnectError SendError",
  functions: "connect",
  types:
    "Acknowledgement ChangedSettings ChatErrorCode ChatRoom ClientErrorCode ClientOptions ErrorCode " +
    "JoinOptions JoinReply Kick LoggedEvent LoggedRoomEvent Message MessageChange MessageNow " +
    "PresenceChange PresenceEvent ReadOptions Role RoleChange RoomEvent RoomMember SendOptions " +
    "SettingsChange Status WaitOptions",
};

const MOUNT: Exports = {
  functions: "createChat",
  types:
    "Actor Authenticate Authorize Chat ChatLimits ChatOptions Entry EventOptions Fields GapFrame HelloRequest HostRoom Logger " +
    "MemberInfo OpenStore Proof Role Said SayOptions",
};

const EXPORTS: Record<string, Exports> = {
  ".": CLIENT,
  "./client": CLIENT,
  "./client/links": {
    functions: "createLink describeLink endLink inviteUrl listLinks narrowLink readInvite",
    types:
      "LinkDescription LinkInfo LinkOptions LinkedRoom MadeLink NarrowOptions RequestSender Role",
  },
  "./client/moderation": {
    classes: "RoomCharter",
    functions: "ban deleteRoom kick mute setRole setSettings",
    types: "ChangedSettings KickOptions Moderated ModeratedRoom RequestSender Role RoleOptions " +
      "RoomSettings",
  },
  "./client/conversation": {
    classes: "Conversation",
    functions: "history markRead rooms search",
    types: "ChangeOptions ConversationOptions HistoryOptions HistoryPage PresentMessage " +
      "Reaction RequestSender RoomOverview SearchOptions SearchResult Update",
  },
  "./client/offline": {
    classes: "OfflineOutbox",
    functions: "indexedDbOutboxStore memoryOutboxStore",
    types: "KeptMessage KeptOutbox OutboxChange OutboxClient OutboxRoom OutboxStore SendAttempt",
  },
  "./client/shared": {
    classes: "SharedConnection SharedOutbox",
    functions: "indexedDbOutboxStore memoryOutboxStore",
    types: "Channel KeptMessage KeptOutbox Locks OutboxChange OutboxStore SendAttempt " +
      "SharedOptions Witnessed",
  },
  "./mount": MOUNT,
  "./auth": {
    functions: "jwt",
    types: "Authenticate HelloRequest JwtOptions Proof Role",
  },
  "./sqlite": { functions: "sqlite" },
  "./nats": { functions: "nats", types: "NatsOptions" },
  "./server": MOUNT,
  "./store": {
    classes: "Charter ChatError LinkList Log LoggedStates MemoryBound MemoryStore Roster",
    constants: "DELETED",
    functions:
      "denial encodeEntry hasWords isChange isModeration judge roomGone testStore tokensOf",
    types:
      "Act Author Bus Came ChangeDraft ChangeEntry ChangeParts ChangedSettings CharterChange ChatErrorOptions ClientDraft ClientStore " +
      "DeclareTest Draft DraftOf ErrorCode Found HistoryStore KeptRoom KickEntry LinkUse LogEntry LogLimits " +
      "LogPart LogStore Marker MarkerStore MemberInfo MessageDraft MessageStates ModerationDraft NewestText OpenStore Page PageQuery " +
      "PresenceDraft PresenceEntry PresenceEvent Return RevocationStore Role RoleEntry RoleInfo " +
      "RoomSettings RosterMember SearchQuery SearchStore SettingsEntry Shrinkable Store StoreEvents StoreLimits " +
      "StoreOptions StoreTraits StoredCharter StoredClient StoredLink StoredLinks StoredRoom Target",
  },
  "./cli": {},
  "./protocol": {
    constants:
      "ACTIONS MAX_BATCH MAX_BODY_BYTES MAX_BODY_JSON_BYTES MAX_DATA_DEPTH MAX_FRAME_CHARS MAX_ID_CHARS MAX_LAST MAX_LISTED " +
      "MAX_NAME_BYTES MAX_NAME_CHARS MAX_REACTIONS MAX_REACTION_BYTES " +
      "PLAIN_ACTIONS SUBPROTOCOL",
    types: "Act AuthFrame Author ChangeDraft ChangeEntry ChangeParts ChangedSettings ClientDraft " +
      "ClientFrame ConnectedFrame CreateFrame DeleteFrame " +
      "Dialect Draft DraftOf EntriesFrame Entry ErrorCode ErrorFrame ExpiringEvent GapFrame GoodbyeFrame " +
      "HelloFrame HistoryFrame JoinFrame KickEntry KickFrame LeaveFrame Limits LinkEntry LinkFrame LinkInfo LinksFrame MemberInfo " +
      "MembersFrame MessageDraft MessageEntry MessageFrame MessageNow MessageParts ModerationDraft " +
      "ModerationEntry ModerationFrame OwnRole PauseFrame PingEvent PingFrame PongEvent " +
      "PongFrame PresenceDraft PresenceEntry PresenceEvent ReadEvent ReadFrame Ref RemovedFrame RenameFrame " +
      "Reply Request RevokeFrame Role RoleEntry RoleFrame RoleInfo RolesFrame RoomSummary RoomsFrame SearchFrame ServerFrame SettingsEntry " +
      "SettingsFrame SuccessFrame TypingEvent TypingFrame UnlinkEntry UnlinkFrame UseEntry VoidEntry",
  },
};

/** Members of what a program of others holds most: what an editor completes them to. */
const MEMBERS: Record<string, string> = {
  ChatClient: "clientId close connect createRoom joinRoom leaveRoom name readMessages rename " +
    "request retryNow room rooms sendMessage session status statuses",
  Chat: "close closing createRoom deleteRoom events failure fetch members publish rooms size",
  ChatRoom:
    "cursor epoch events head id leave members messages name presence reply send subscribe typing",
};

const KINDS: Record<string, keyof Exports> = {
  class: "classes",
  function: "functions",
  variable: "constants",
  interface: "types",
  typeAlias: "types",
};

interface Named {
  name: string;
}

interface Declared extends Named {
  declarations: { kind: string; def: { methods?: Named[]; properties?: Named[] } }[];
}

/** Reads what a module exports, as `deno doc` lists it. */
async function exportsOf(path: string): Promise<Declared[]> {
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", path],
    cwd: ROOT,
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const { nodes } = JSON.parse(new TextDecoder().decode(stdout));
  return Object.values<{ symbols: Declared[] }>(nodes).flatMap(({ symbols }) => symbols);
}

for (const [entry, path] of Object.entries(config.exports)) {
  Deno.test(`the entry "${entry}" exports what is listed, and nothing else`, async () => {
    const names = new Map<string, Set<string>>();
    for (const { name, declarations } of await exportsOf(path)) {
      const kind = KINDS[declarations[0]!.kind] ?? declarations[0]!.kind;
      names.set(kind, (names.get(kind) ?? new Set()).add(name));
    }
    const exported = [...names].map(([kind, set]) => [kind, [...set].sort().join(" ")]);
    assertEquals<unknown>(Object.fromEntries(exported), EXPORTS[entry]);
  });
}

Deno.test("clients, rooms and chats have the members that are listed, and no others", async () => {
  const exported = [...await exportsOf("client.ts"), ...await exportsOf("src/server/chat.ts")];
  const found = exported.filter(({ name }) => name in MEMBERS)
    .map(({ name, declarations: [declaration] }) => {
      const { methods, properties } = declaration!.def;
      const members = new Set([methods ?? [], properties ?? []].flat().map(({ name }) => name));
      return [name, [...members].filter((member) => !member.startsWith("[")).sort().join(" ")];
    });
  assertEquals(Object.fromEntries(found), MEMBERS);
});

/** Finds all that a module imports, at once or later, and what that imports. */
async function graphOf(path: string): Promise<string[]> {
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", path],
    cwd: ROOT,
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const { modules } = JSON.parse(new TextDecoder().decode(stdout));
  return modules.map(({ specifier }: { specifier: string }) => specifier.replace(ROOT.href, ""));
}

Deno.test("whoever mounts a chat in memory has neither SQLite nor NATS nor a command line with it", async () => {
  const ways = /sqlite|nats|jetstream|jose|^src\/auth|std\/cli|^src\/daemon/;
  assertEquals((await graphOf("src/server/chat.ts")).filter((name) => ways.test(name)), []);
  const both = [
    ...await graphOf("src/store/sqlite/sqlite.ts"),
    ...await graphOf("src/store/jetstream/nats.ts"),
  ];
  for (const name of ["node:sqlite", "npm:/@nats-io/"]) {
    assert(both.some((module) => module.startsWith(name)), `${name} would not be found`);
  }
});
