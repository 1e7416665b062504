import { assert, assertEquals, assertThrows } from "@std/assert";
import { nats } from "../../../src/store/jetstream/nats.ts";
import { checkedNats, NATS_DEFAULTS, NATS_RANGES } from "../../../src/store/jetstream/options.ts";
import { pure } from "../../support/pure.ts";

const servers = "127.0.0.1:4222";

pure("nats() needs servers alone: all else has a default, and nothing is opened", () => {
  assertEquals(checkedNats({ servers }), {
    servers: [servers],
    name: "parley",
    ...NATS_DEFAULTS,
  });
  assertEquals(checkedNats({ servers: ["a:1", "[::1]:2"] }).servers, ["a:1", "[::1]:2"]);
  assertEquals(typeof nats({ servers }), "function");
});

pure("nats() takes each option as it is given", () => {
  const given = { name: "team_1", user: "ana", password: "hunter2", replicas: 3 };
  const times = { probeMs: 1, leaseMs: 86_400_000 };
  assertEquals(checkedNats({ servers: [servers], ...given, ...times }), {
    servers: [servers],
    ...given,
    ...times,
  });
});

pure("nats() refuses each option that will not do, and names it with its value", () => {
  const refusals: [options: unknown, expected: string][] = [
    [undefined, "nats() takes an object of options, not undefined"],
    ["nats://127.0.0.1:4222", 'nats() takes an object of options, not "nats://127.0.0.1:4222"'],
    [{}, 'servers must be like "127.0.0.1:4222", or several, not undefined'],
    [{ servers: [] }, 'servers must be like "127.0.0.1:4222", or several, not [object Array]'],
    [
      { servers: "127.0.0.1" },
      'servers must be like "127.0.0.1:4222", or several, not "127.0.0.1"',
    ],
    [{ servers: ["a:1", 4222] }, 'servers must be like "127.0.0.1:4222", or several, not 4222'],
    [{ servers, name: "a b" }, 'name must be of letters, digits, _ and -, not "a b"'],
    [{ servers, name: "" }, 'name must be of letters, digits, _ and -, not ""'],
    [{ servers, name: 7 }, "name must be of letters, digits, _ and -, not 7"],
    [{ servers, user: 7 }, "user must be a string, not 7"],
    [{ servers, graceMs: 7 }, 'nats() has no option "graceMs"'],
    [{ servers, replicas: "3" }, 'replicas must be a whole number from 1 to 5, not "3"'],
    [{ servers, replicas: 6 }, "replicas must be a whole number from 1 to 5, not 6"],
    [{ servers, replicas: 1.5 }, "replicas must be a whole number from 1 to 5, not 1.5"],
    [{ servers, probeMs: 0 }, "probeMs must be a whole number from 1 to 86400, not 0"],
    [{ servers, probeMs: NaN }, "probeMs must be a whole number from 1 to 86400, not NaN"],
    [{ servers, leaseMs: -1 }, "leaseMs must be a whole number from 1 to 86400000, not -1"],
    [{ servers, leaseMs: null }, "leaseMs must be a whole number from 1 to 86400000, not null"],
  ];
  for (const [options, expected] of refusals) {
    const { message } = assertThrows(() => nats(options as { servers: string }), RangeError);
    assertEquals(message, expected);
  }
});

pure("nats() shows no password, wherever it stands", () => {
  const wrong: unknown[] = [
    { servers, password: { text: "hunter2" } },
    { servers: "nats://ana:hunter2@127.0.0.1:4222" },
    { servers, pasword: "hunter2" },
  ];
  for (const options of wrong) {
    const { message } = assertThrows(() => nats(options as { servers: string }), RangeError);
    assert(!message.includes("hunter2"), message);
  }
});

pure("each default is in its range", () => {
  for (const [name, value] of Object.entries(NATS_DEFAULTS)) {
    const [least, most] = NATS_RANGES[name as keyof typeof NATS_RANGES];
    assert(least <= value && value <= most, name);
  }
});
