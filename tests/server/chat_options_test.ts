import { assert, assertEquals, assertThrows } from "@std/assert";
import { DEFAULTS, RANGES } from "../../src/core/state/options.ts";
import { type ChatOptions, createChat } from "../../src/server/chat.ts";
import { checkedChatOptions } from "../../src/server/chat_options.ts";
import { usualMemory } from "../../src/server/admission/machine.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { IGNORE } from "../../src/store/suite/bench.ts";
import { pure } from "../support/pure.ts";
import { type LogLine, recordingLogger } from "../support/recording_logger.ts";

const SECRET = "0123456789abcdef".repeat(2);

/** The answer of `createChat` to options that will not do. */
function refusal(options: unknown): string {
  return assertThrows(() => createChat(options as ChatOptions), RangeError).message;
}

pure("createChat() needs no option: each has a default", () => {
  for (const options of [{}, { path: undefined, rate: undefined, secret: undefined }]) {
    const { path, store, engine } = checkedChatOptions(options as ChatOptions);
    assertEquals(path, "/");
    assert(store(IGNORE, engine) instanceof MemoryStore);
    assertEquals(engine, { ...DEFAULTS, memoryBytes: usualMemory() });
  }
});

pure("createChat() takes each option as it is given", () => {
  const lines: LogLine[] = [];
  const logger = recordingLogger(lines);
  const store = new MemoryStore(IGNORE, DEFAULTS, () => "epoch");
  const numbers = Object.fromEntries(
    Object.entries(RANGES).map(([name, [least]]) => [name, least]),
  );
  const options = {
    path: "/chat",
    logger,
    store: () => store,
    secret: SECRET,
    allowOrigins: ["https://App.example.org:443", "null"],
    publicUrl: "https://Chat.example.org/chat",
    trustedProxies: ["10.0.0.0/8"],
    exempt: [],
    ...numbers,
  };
  const { store: open, logger: wrapped, ...checked } = checkedChatOptions(options);
  wrapped.info("said");
  assertEquals(lines, [{ level: "info", event: "said", fields: {} }]);
  assertEquals(open(IGNORE, DEFAULTS), store);
  assertEquals(checked, {
    path: "/chat",
    engine: { ...DEFAULTS, ...numbers, secret: SECRET },
    rules: {
      origins: {
        allowed: new Set(["https://app.example.org", "null"]),
        host: "chat.example.org",
      },
      trustedProxies: [{ address: [10, 0, 0, 0], bits: 8 }],
      exempt: [],
    },
    frameAncestors: [],
  });
  // As from a file, and as the program `server.ts` takes it.
  assertEquals(checkedChatOptions({ secret: `${SECRET}\n` }).engine.secret, SECRET);
});

for (const [name, [least, most]] of Object.entries(RANGES)) {
  pure(`createChat() refuses ${name} where it is no whole number from ${least} to ${most}`, () => {
    const values: [unknown, string][] = [
      [`${least}`, `"${least}"`],
      [NaN, "NaN"],
      [-1, "-1"],
      [least - 1, `${least - 1}`],
      [most + 1, `${most + 1}`],
      [least + 0.5, `${least + 0.5}`],
      [Infinity, "Infinity"],
      [null, "null"],
      [true, "true"],
      [{}, "[object Object]"],
    ];
    for (const [value, written] of values) {
      const expected = `${name} must be a whole number from ${least} to ${most}, not ${written}`;
      assertEquals(refusal({ [name]: value }), expected);
    }
  });
}

pure("createChat() refuses each other option that will not do, and names it with its value", () => {
  const path = "path must be the path of a URL as it is sent, like /chat, not ";
  const logger = "logger must have debug, info, warn, error, not ";
  const store = "store must be what sqlite() or nats() returns, not ";
  const refusals: [options: unknown, expected: string][] = [
    [null, "createChat() takes an object of options, not null"],
    ["/chat", 'createChat() takes an object of options, not "/chat"'],
    [{ path: "chat" }, `${path}"chat"`],
    [{ path: "" }, `${path}""`],
    [{ path: "/healthz" }, "path must not be /healthz, which says how the chat is"],
    [{ path: "/a b" }, `${path}"/a b"`],
    [{ path: 7 }, "path must be a path, not 7"],
    [{ logger: null }, `${logger}null`],
    [{ logger: "info" }, `${logger}"info"`],
    [{ logger: { info() {} } }, `${logger}[object Object]`],
    [{ store: "sqlite:data/chat.db" }, `${store}"sqlite:data/chat.db"`],
    [{ store: {} }, `${store}[object Object]`],
    [{ store: Promise.resolve() }, `${store}[object Promise]`],
    [{ store: () => {} }, "store must return a store, not undefined"],
    [{ store: () => Promise.resolve() }, "store must return a store, not [object Promise]"],
    [{ secret: "hunter2" }, "secret must hold at least 32 characters, not 7"],
    [{ secret: 7 }, "secret must be a string, not a number"],
    [{ allowOrigins: "*" }, 'allowOrigins must be a list, not "*"'],
    [
      { allowOrigins: ["*", "app.example.org"] },
      "allowOrigins[1] must be the origin of a page, like https://app.example.org, or *, " +
      'not "app.example.org"',
    ],
    [
      { publicUrl: "chat.example.org" },
      "publicUrl must be the address that people use, like https://chat.example.org, " +
      'not "chat.example.org"',
    ],
    [
      { trustedProxies: ["localhost"] },
      'trustedProxies[0] must be an address or a network, like 10.0.0.0/8, not "localhost"',
    ],
    [{ exempt: [7] }, "exempt[0] must be an address or a network, like 10.0.0.0/8, not 7"],
    // They were options of a chat once, and are options of nats() now.
    [{ replicas: 3 }, 'createChat() has no option "replicas"'],
    [{ sercet: "hunter2" }, 'createChat() has no option "sercet"'],
  ];
  for (const [options, expected] of refusals) assertEquals(refusal(options), expected);
});
