/**
 * The rows of the scoreboard: the figures to reach, and what has to be known about them.
 *
 * @module
 */

/** A row of the scoreboard. */
export interface Row {
  /** The part of the page that it stands in. */
  part: string;
  /** The figure it is measured by. */
  figure: string;
  /** Things that its tests look for in addition, each by the day since which they do: `2026-11-29`. */
  since?: Record<string, string>;
  /** A note on what the figures do not say by themselves. */
  note?: string;
}

/** All rows, in their order. */
export const ROWS: Readonly<Record<string, Row>> = {
  R1: {
    part: "Stores",
    figure: "durable store, killed 50 times: nothing lost",
    note:
      "A killed process leaves to the kernel what it has written: a power cut takes more, and is " +
      "not tried. That nothing is acknowledged before its sync is what R3 shows.",
  },
  R2: {
    part: "Stores",
    figure: "three replicas, one killed, one wiped: nothing lost, every loss told",
    note: "Nodes, NATS servers and clients share this machine's cores; a killed NATS server is " +
      "back before the next process is killed. With NATS 2.9.10 the replicas disagreed in two of " +
      "three runs in which a server was stopped (255 and 238 messages lost): " +
      "[use 2.10 or later](docs/scaling.md).",
  },
  R3: {
    part: "Stores",
    figure: "no acknowledgement before the write is durable",
    note: "Write and sync calls on the database fail because strace says so. The file is read " +
      "afterwards, the server having been killed.",
  },
  R4: {
    part: "Messages",
    figure: "10,000 messages that are sent three times: each stored once; cut at every byte too",
    since: {
      "2026-11-29": "10,000 messages of 16 clients, half of them written from PROTOCOL.md alone, " +
        "refused in between for every reason while they move between servers that are cut off " +
        "from their store: each stored once or rejected, none resolved that is in no log; 20 seeds",
    },
    note: "The runs with three nodes are seeds 20261129 to 20261148 with NATS 2.9.10, on " +
      "2026-11-30, most of them three at a time. Who is `forgotten` was told so, and begins anew: " +
      "what nobody could say of its messages is `unknown`.",
  },
  R5: { part: "Messages", figure: "10,000 subscribes at 2,000 msg/s: 0 gaps, 0 duplicates" },
  R6: {
    part: "Messages",
    figure: "complete and in order within the window, `recovered: false` beyond, never partial",
    since: {
      "2026-11-29": "settings that decide what is kept, raised and lowered while clients are cut " +
        "off; a store emptied, replaced, and restored once and twice",
      "2026-11-30":
        "a second node that hears everything 20 ms later, and streams of NATS that are " +
        "put back with their consumers",
    },
    note:
      "Who comes back while something is still on its way to its node, and loses that, is told by " +
      "a `gap` behind `recovered: true`. That counts as told, if the gap comes by itself.",
  },
  R7: { part: "Messages", figure: "50 publishers: 0 inversions in 10⁶ deliveries" },
  R8: {
    part: "Connections",
    figure: "60 s partition: noticed in 1.5 heartbeats (client), 2 and a second (server); 0 lost",
  },
  R9: {
    part: "Stores",
    figure: "partition between node and store: refused clearly, nothing lost",
    note: "The interval of the probe was 250 ms instead of 1 s.",
  },
  R10: {
    part: "Slow readers",
    figure: "100 peers that do not read: dropped within 1 s, RSS within 111 MB, p99 within 2×",
    note: "RSS is held against 100 × (1 MiB + 64 KiB). The p99 is that of short messages, and 2× " +
      "is meant against the room without the 100. It stands beside that of a room with 100 peers " +
      "that read: sending 3 MB/s to 100 sockets is work whoever reads them. It differs from run " +
      "to run: between 2.0 and 4.8 times on 25 November.",
  },
  R11: {
    part: "Slow readers",
    figure: "everything of an evicted peer freed within 10 s",
    note: "Deno never frees a socket whose peer does not answer its close: bare, the descriptors " +
      "stay until the peer goes. Behind haproxy with `tcp-ut` they are freed.",
  },
  R12: {
    part: "Connections",
    figure: "5,000 clients: at most 15 % in any 100 ms, all back within 15 s, 0 lost",
    note:
      "Rooms of 10. All clients and the proxy that cuts them are one process, and use one core all " +
      "the time; the server stays alive, only connections are cut.",
  },
  R13: { part: "Connections", figure: "SIGTERM: everybody told, 0 lost, exit within 5 s" },
  R14: { part: "Connections", figure: "clock jumps by an hour: 0 early expiries, 0 reordered" },
  R15: {
    part: "Connections",
    figure: "SIGSTOP for 20 s: 0 duplicates, nobody dropped, all recovered",
  },
  R16: {
    part: "Connections",
    figure: "10,000 random operations: no drift, everything given back",
    note:
      "_Told twice_ are changes that tell nothing new, of people who moved on within milliseconds.",
  },
  R17: {
    part: "Connections",
    figure: "soak: RSS below 1 MB/10 min, descriptors level, p99 within 20 %",
    note: "The scoreboard asks for an hour; the line says how long this run was. In one of " +
      "2,900 s, beside other work on both cores, 192,675 visits lost nothing, and RSS was 160, " +
      "160, 161 and 161 MB: 0.8 MB in 10 minutes. Its p99 was that of the other work.",
  },
  R18: { part: "Messages", figure: "double resume: one owner, 0 cross-deliveries" },
  R19: {
    part: "Connections",
    figure: "a tab hidden for 30 minutes: 0 away, 0 left, 0 lost",
    note:
      "Chromium with its default flags, which runs timers of hidden pages once a minute after " +
      "five minutes.",
  },
  R20: {
    part: "Simulated worlds",
    figure: "1,000 random stories: no oracle sees a fault; known faults are found when put back",
    note:
      "Servers, clients and stores are the real ones; time, network, people and NATS are not: " +
      "see [Simulation](docs/design/simulation.md). The machine had much other work. The fault over " +
      "SQLite, of seed 20261392, is mended since: a plain client that is thrown out as it has missed " +
      "messages was sent one that lies behind them. Since that run, the changed place is followed, " +
      "and two more known faults are found; the one about doubt is not.",
  },
  A1: {
    part: "Authority",
    figure: "10,000 operations of 8 people of all roles, 1 and 3 nodes: 0 violations, 0 drift",
    note:
      "Each outcome is held against a model that was written from PROTOCOL.md alone. At the end " +
      "roles and settings are too, by a server that has begun again, or a node that comes later.",
  },
  A2: {
    part: "Authority",
    figure: "1,000 bans of somebody who is talking: 0 entries behind one, seen live or in history",
    note:
      "_Void_ entries keep a place in a stream and nothing else. Everything that was acknowledged " +
      "is in the log of each node, and nothing that was refused.",
  },
  A3: {
    part: "Authority",
    figure: "revoked while connected, away, in the resume window, at another node: in after 1 s: 0",
  },
  A4: {
    part: "Authority",
    figure: "200 links used from two nodes at once: 0 too many; 0 links that give more; " +
      "0 of 1,000,000 forged ones taken",
    note:
      "Links are forged by changing a character, a signature, a caveat or the order of a real one, " +
      "or by taking one of another room. Nobody is kept out either: _too few_ counts that.",
  },
  A6: {
    part: "Authority",
    figure:
      "what one may not see, asked for in every way: 0 leaks; the time of hidden and unknown " +
      "rooms within noise",
    note:
      "Each answer about a room that somebody may not see is held against that about one that there " +
      "is not, as a whole, and searched for words of the room. Noise is how far apart the quartiles " +
      "of one kind are. A room that nobody has had open for ten minutes is read from SQLite before " +
      "it is judged: the first join takes longer by that.",
  },
  C1: {
    part: "Conversation",
    figure: "10,000 changes, cuts and restarts: the same at all clients and in pages; C2: " +
      "redacted text found: 0",
    note:
      "A token proves that the devices are of one person, and with three nodes they are at different " +
      "ones. Memory has no restarts. Files up to 32 MiB are written anew after redactions: see " +
      "[SQLite](docs/design/sqlite.md#redacted-text-goes-from-the-file). NATS has one server here: " +
      "with replicas each has a log of its own, see [In NATS](docs/scaling.md#what-is-in-nats).",
  },
  C7: {
    part: "Conversation",
    figure: "100,000 reactions to one message: a bounded page, a join at most 1 % slower",
  },
  X1: {
    part: "Attacks on the server",
    figure: "attacks within the limits: p99 of others within 2× or 20 ms, RSS +64 MB, nobody out",
    note: "Two people talk in a room of their own, alone and under attack in turn, 3 s each; " +
      "others come, make rooms, leave and come back meanwhile. Server and generators have a core " +
      "each, all limits are the defaults; ×10 are ten times the connections that the name says. The " +
      "figures with SQLite, and those of 19 attacks that were harmless there, are " +
      "of a run with other work beside it, which the file felt most. Where RSS is missed, see " +
      "SECURITY.md: most of it is garbage that V8 has not collected.",
  },
  A7: {
    part: "Attacks on the server",
    figure: "one address at its limits: p99 of others within 2× or 20 ms, RSS +64 MB, nobody out",
    note:
      "As X1, with the limits of an address in force and all attackers at one; the pair and the " +
      "newcomers have others. First what 1,000 connections do within those limits and beyond, then " +
      "the attacks of X1 that take places and memory, ten times as many as their names say. The " +
      "machine was busy: the processes of the measurement went before others (nice -15).",
  },
  X2: {
    part: "Attacks on the server",
    figure: "the attacked room itself goes on: 5 messages a second, in order, nothing lost",
    note: "The two say 100 messages a second. The machine had other work meanwhile.",
  },
  X3: {
    part: "The wire",
    figure: "RFC 6455, 270 cases a dialect: 0 failures that a program can mend",
    note:
      "The runtime ends most connections that break the rules without a close frame, which is a " +
      "_should_. What it takes and must not is listed in `tests/rfc6455/runtime_faults.ts`.",
  },
  X4: {
    part: "Attacks on the server",
    figure: "honest people at the default limits: 0 refused, all stored",
    note:
      "Real clients; pastes and bursts come right behind the first `hello`. What it costs under " +
      "full load without limits was to be 1 % of the throughput of 29 November. On a quiet machine, " +
      "in turn, medians of deliveries a CPU-second are `pairs` 179 instead of 178 k and `fanout-32` " +
      "3.67 instead of 3.59 M (six runs each), `rooms` 294 instead of 277 k (three), `large` 2.52 " +
      "instead of 2.60 M (nine). Runs of one version differ by up to 40 %, so nothing is lost that " +
      "can be told from that, and 1 % cannot be told for `large`.",
  },
  X5: {
    part: "The wire",
    figure: "10⁶ fuzzed frames: all that goes out is read by three other parsers; 0 `internal`",
    note: "Python looks for doubled keys, whole numbers beyond 2⁵³ and halves of surrogate pairs " +
      "too; Perl is JSON::PP, C++ is nlohmann's library.",
  },
  X6: {
    part: "Attacks on the client",
    figure:
      "40 hostile servers: RSS +64 MB, one attempt a second, no control byte, no row imitated",
    note:
      "The client, whose app reads nothing, and the terminal chat at 60 columns, 8 s each, at " +
      "the same time; floods are 12 MB and 2,000 frames a second. RSS is that above the same at an " +
      "honest server, attempts are the most of what was done again: connecting, joining, sending. " +
      "Where RSS is missed, it is the heap of the engine (32 MB of it for what is new alone), which " +
      "grows with how much comes, not with how much is kept: that has a bound. Started with " +
      "`--v8-flags=--optimize-for-size`, as by `./cli.ts`, it is less: see SECURITY.md.",
  },
  S2: {
    part: "Attacks on the server",
    figure: "pages of others in 16 disguises: 0 accepted; pages that may come: 0 refused",
    note: "By the header over the wire, and by pages and frames with `sandbox` in Chromium.",
  },
  S5: {
    part: "Attacks on the server",
    figure: "session tokens, signatures of rooms and JWTs in the log, at every level: 0",
    note: "What chats log in all other tests is searched too: a line with a secret fails the test.",
  },
  S6: {
    part: "Attacks on the server",
    figure: "over the limit: 0 delivered; frames and fragments without an end: RSS +64 MB",
    note: "Bare, and behind the proxies of docs/deploy.md, which do not look into a WebSocket " +
      "either: the runtime keeps what is not whole, and lets everybody wait while small fragments come " +
      "([reported](docs/upstream/fragments.md)). A limit on memory helps against the first. The " +
      "machine had other work meanwhile: p99 alone says how much.",
  },
  S8: {
    part: "Attacks on the server",
    figure: "no file left: 0 restarts, those inside go on, new ones within 2 s",
  },
  S9: {
    part: "Attacks on the server",
    figure: "300 connections of each kind that say next to nothing: all gone within 15 s",
    note: "Bare, the runtime ends no heads of requests " +
      "([reported](docs/upstream/slow_handshakes.md)); what is upgraded is ended by the server. " +
      "The machine had other work meanwhile: p99 says how much.",
  },
  S10: {
    part: "The wire",
    figure: "10⁵ fuzzed handshakes: 0 crashes, 0 hangs, no 5xx, nothing in the log",
  },
  S17: {
    part: "Attacks on the server",
    figure: "permissions: one address, one folder, four variables; 0 others asked for",
  },
  O1: {
    part: "Operations",
    figure: "every counter of `/metrics` is what the clients have counted: differences 0",
    note:
      "The clients join, leave, repeat messages, skip numbers, say what cannot be read, go and " +
      "come back. One of them is in all rooms, and sees every entry.",
  },
  O2: {
    part: "Operations",
    figure: "the delivery delay of `/metrics` is within 5 % of the benchmark's, at p50 and p99",
    note:
      "The benchmark begins when a message is due and ends when its process has read it; the server " +
      "begins when it reads it and ends when it has written it. The machine had other work (a load " +
      "of 5 to 14 on two cores): most of the difference is the time that both waited for a core. At " +
      "full load, as in `fanout-32`, messages wait in the kernel too, until the server reads them.",
  },
  O3: {
    part: "Operations",
    figure:
      "metrics cost at most 1 %; `/metrics` takes 5 ms, as many lines with 10,000 rooms as with 1",
    note:
      "The cost is that of `fanout-32` and `rooms` in processor time, against the version before, in turn, with sockets that take " +
      "everything at once: 0.17 to 0.2 µs more for a message in rooms of ten, and as much in a room " +
      "of 100 with 32 senders. That is 0.6 and 0.7 % of what such messages took with real sockets " +
      "(34 and 28 µs of a core), where runs differed by more than the cost.",
  },
  C3: {
    part: "Conversation",
    figure:
      "10⁶ entries in SQLite, paged both ways at 200 msg/s: 0 missing, 0 doubled, p50 10 ms, " +
      "memory flat",
    note:
      "Server and client are one process, whose memory is counted together. Other work had both " +
      "cores meanwhile, with a load average of 11. The words of the log are indexed meanwhile.",
  },
  C4: {
    part: "Conversation",
    figure: "search in 10⁶ entries in SQLite: 20 ms at the median; 0 found that may not be read",
    note: "Words are as common as in a language, few of them often and most of them rarely.",
  },
  C5: {
    part: "Conversation",
    figure: "10,000 operations over cuts, restarts and devices: 0 unread counts wrong, 0 markers " +
      "that went back",
  },
  O4: {
    part: "Operations",
    figure:
      "10,000 messages posted three times with a key, over two nodes and kill -9: 10,000 stored",
  },
  O5: {
    part: "Operations",
    figure: "webhooks to a receiver that fails, 20 kills, 1,000 people: 0 missed, 0 out of order",
    note:
      "The receiver is down, slow and erring. No leave of a killed server is missed. Each request that brings something again says so.",
  },
  O6: {
    part: "Operations",
    figure: "Durable Streams' server conformance suite: all that applies passes",
    note:
      "[What does not apply](docs/design/streams.md#the-conformance-suite) is listed with its " +
      "reasons. The suite speaks through an adapter that makes rooms where it makes streams.",
  },
  O7: {
    part: "Operations",
    figure: "webhooks to 40 places or more that are not public, by address, name, redirect: " +
      "0 requests",
    note: "In a namespace where every address leads back to a listener: it would see each of them.",
  },
  O8: {
    part: "Operations",
    figure: "100 rooms from SQLite to NATS and back: equal; memory flat for 1,000,000 entries",
    note: "A room of 1,000,000 entries is carried by a program whose heap has 32 MiB. What its " +
      "resident memory grows by is garbage, which that bound does not count.",
  },
  O9: {
    part: "Operations",
    figure: "`/readyz` is 503 within one probe (2 s) of: a drain, a full disk, NATS cut off; 200 " +
      "again likewise",
  },
  P1: {
    part: "The page",
    figure: "first paint and interactive from loopback: 200 ms at the median; all files: 25 KiB",
    note: "The size is held by `tests/tools/build_page_test.ts`: 25.4 of 25.6 kB.",
  },
  P2: {
    part: "The page",
    figure:
      "1,000 stories in Chromium, offline, reloaded, killed: none lost, doubled, out of order",
    note: "In one tab; P3 is about several.",
  },
  P3: {
    part: "The page",
    figure:
      "five tabs, the one that leads closed, frozen or killed 300 times: none lost or doubled",
    note: "`tests/client/shared/shared_test.ts` tells stories of the same kind without a browser.",
  },
  P4: {
    part: "The page",
    figure: "200 hostile texts or more in bodies, names and links: no script runs, no element is " +
      "made, no request leaves",
  },
  P5: {
    part: "The page",
    figure: "`axe-core`: no violations in light, dark, forced colours, on phone and desktop",
    note: "That all of it can be done by keyboard is a test of `tests/web/page_test.ts`.",
  },
  P6: {
    part: "The page",
    figure:
      "5,000 entries of history and 50 messages a second: no frame over 50 ms at the median " +
      "of runs",
    note: "Whether memory stays flat over an hour was not measured.",
  },
};
