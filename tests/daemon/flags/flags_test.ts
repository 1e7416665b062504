import { assert, assertEquals, assertThrows } from "@std/assert";
import { DEFAULTS } from "../../../src/core/state/options.ts";
import {
  parseServerFlags,
  SERVER_HELP,
  type ServerSettings,
} from "../../../src/daemon/flags/flags.ts";
import { checkedTokens } from "../../../src/daemon/flags/token_flags.ts";
import { usualMemory } from "../../../src/server/admission/machine.ts";
import { NATS_DEFAULTS } from "../../../src/store/jetstream/options.ts";
import { pure } from "../../support/pure.ts";

function settings(args: string[], env = {}): ServerSettings {
  const parsed = parseServerFlags(args, env);
  assert(typeof parsed !== "string");
  return parsed;
}

function refusal(args: string[], env = {}): string {
  const { message } = assertThrows(() => parseServerFlags(args, env), RangeError);
  assertEquals(message.includes("\n"), false);
  return message;
}

pure("parseServerFlags() of nothing is the defaults", () => {
  assertEquals(settings([]), {
    port: 8765,
    hostname: "127.0.0.1",
    path: "/",
    ops: { hostname: "127.0.0.1", port: 9765, isDefault: true },
    logLevel: "info",
    logFormat: "pretty",
    store: "memory",
    secretFile: undefined,
    apiTokenFile: undefined,
    certFile: undefined,
    keyFile: undefined,
    rooms: [],
    allowOrigins: [],
    publicUrl: undefined,
    frameAncestors: [],
    trustedProxies: [],
    exempt: ["127.0.0.0/8", "::1"],
    engine: DEFAULTS,
    tokens: checkedTokens(() => undefined),
    webhooks: { urls: [], secretFile: undefined, networks: [] },
    nats: NATS_DEFAULTS,
  });
});

pure("parseServerFlags() takes the names of rooms, with # or without", () => {
  assertEquals(settings(["--rooms", "lobby,#Hilfe"]).rooms, ["lobby", "Hilfe"]);
  for (const wrong of ["a b", "lobby,", "k7q2-m9xd-4hwn-r3tc", "x".repeat(65)]) {
    assert(refusal(["--rooms", wrong]).startsWith("--rooms must be a name of at most 64 letters"));
  }
});

pure("a flag beats the environment, which beats the default", () => {
  const env = { CHAT_PORT: "9000", CHAT_HOST: "0.0.0.0" };
  assertEquals([settings([], env).port, settings([], env).hostname], [9000, "0.0.0.0"]);
  const both = settings(["--port", "0", "--hostname=::1"], env);
  assertEquals([both.port, both.hostname], [0, "::1"]);
  assertEquals(settings(["--host", "localhost"], env).hostname, "localhost");
  const empty = settings([], { CHAT_PORT: "", CHAT_HOST: "" });
  assertEquals([empty.port, empty.hostname], [8765, "127.0.0.1"]);
  assertEquals(settings([], { CHAT_STORE: "sqlite:a.db" }).store, "sqlite:a.db");
  assertEquals(settings(["--store", "memory"], { CHAT_STORE: "sqlite:a.db" }).store, "memory");
});

pure("the port for operators is on loopback unless its address is given, or off", () => {
  const given = (value: string) => settings(["--ops", value]).ops;
  assertEquals(given("off"), undefined);
  assertEquals(given("0"), { hostname: "127.0.0.1", port: 0, isDefault: false });
  assertEquals(given("[::]:80"), { hostname: "::", port: 80, isDefault: false });
  assertEquals(given("ops.local:9765")?.hostname, "ops.local");
  for (const value of ["on", ":80", "host", "a:b:1", "http://a:80", "1.2.3.4:99999"]) {
    const message = refusal(["--ops", value]);
    assertEquals(message.startsWith("--ops must be ") && message.includes(value.slice(-5)), true);
  }
});

pure("the key of the sessions comes from the environment, where nobody sees it listed", () => {
  const secret = "0123456789abcdef".repeat(2);
  assertEquals(settings([], { CHAT_SECRET: `${secret}\n` }).engine.secret, secret);
  assertEquals(settings(["--secret-file", "data/secret"]).secretFile, "data/secret");
  const { certFile, keyFile } = settings(["--cert", "a.crt", "--key=a.key"]);
  assertEquals([certFile, keyFile], ["a.crt", "a.key"]);
  assertEquals("secret" in settings([], { CHAT_SECRET: "" }).engine, false);
});

pure("a key that is too short is refused, and not shown", () => {
  assertEquals(
    refusal([], { CHAT_SECRET: "hunter2" }),
    "CHAT_SECRET must hold at least 32 characters, not 7",
  );
});

pure("flags that have seconds for a unit become milliseconds", () => {
  const { engine } = settings(["--grace", "5", "--empty-room=0", "--heartbeat", "9"]);
  assertEquals([engine.graceMs, engine.emptyRoomMs, engine.heartbeatMs], [5_000, 0, 9_000]);
});

pure("every flag of the help is understood, and shows its default there", () => {
  const flags = [...SERVER_HELP.matchAll(/^ {2}--([\w-]+) N +.*\(default (\d+)\)$/gm)];
  assert(flags.length >= 10, `${flags.length}`);
  for (const [, name, value] of flags) {
    assertEquals(settings([`--${name}`, String(value)]), settings([]), name);
    assert(JSON.stringify(settings([`--${name}`, "4"])) !== JSON.stringify(settings([])), name);
  }
});

pure("help and version are asked for by themselves, and beat everything else", () => {
  assertEquals(parseServerFlags(["--help"], {}), "help");
  assertEquals(parseServerFlags(["-h"], {}), "help");
  assertEquals(parseServerFlags(["--version"], {}), "version");
  assertEquals(parseServerFlags(["--port", "x", "--help"], { CHAT_PORT: "x" }), "help");
});

pure("a bad value is refused in one line that names flag and value", () => {
  assertEquals(
    refusal(["--port", "65536"]),
    `--port must be a whole number from 0 to 65535, not "65536"`,
  );
  for (const port of ["-1", "1.5", "0x50", "1e3", " 80", "eighty", "٨٠"]) {
    assert(refusal([`--port=${port}`]).includes(JSON.stringify(port)), port);
  }
  assertEquals(refusal(["--port="]), "--port needs one value");
  assertEquals(refusal(["--port"]), "--port needs one value");
  assertEquals(refusal(["--port", "", "--host", "x"]), "--port needs one value");
  assertEquals(refusal(["--rate", ""]), "--rate needs one value");
  assertEquals(
    refusal([], { CHAT_PORT: "many" }),
    `CHAT_PORT must be a whole number from 0 to 65535, not "many"`,
  );
  for (const path of ["chat", "/my chat", "/a/../b", "/a?b", "//"]) {
    assertEquals(
      refusal(["--path", path]),
      `--path must be the path of a URL as it is sent, like /chat, not "${path}"`,
    );
  }
  assertEquals(
    refusal(["--log-level", "loud"]),
    `--log-level must be one of debug, info, warn, error, not "loud"`,
  );
  assertEquals(
    refusal(["--log-format", "xml"]),
    `--log-format must be one of pretty, json, not "xml"`,
  );
  assert(refusal(["--log-entries", "0"]).startsWith("--log-entries must be a whole number from 1"));
});

pure("an unknown argument is refused by name", () => {
  for (
    const argument of [
      "--prot",
      "-p",
      "8080",
      "",
      "a\nb",
      "--__proto__",
      "--constructor",
      "--no-port",
    ]
  ) {
    const expected = `Unknown argument ${JSON.stringify(argument)}: see --help`;
    assertEquals(refusal([argument]), expected);
  }
});

pure("arguments behind -- are as unknown as any other, instead of ignored", () => {
  assert(refusal(["--", "--port", "0"]).startsWith("Unknown argument"));
});

pure("pages that may connect are given one by one, and the public address once", () => {
  const origins = ["--allow-origin", "https://a.example", "--allow-origin=http://b.example:80"];
  const { allowOrigins, publicUrl } = settings([...origins, "--public-url", "https://c.example/x"]);
  assertEquals(allowOrigins, ["https://a.example", "http://b.example"]);
  assertEquals(publicUrl, "https://c.example/x");
  assertEquals(refusal(["--allow-origin="]), "--allow-origin needs a value");
  assertEquals(
    refusal(["--allow-origin", "https://a.example/"]),
    "--allow-origin must be the origin of a page, like https://app.example.org, or *, " +
      `not "https://a.example/"`,
  );
  assertEquals(
    refusal(["--public-url", "c.example"]),
    "--public-url must be the address that people use, like https://chat.example.org, " +
      `not "c.example"`,
  );
});

pure("pages that may show the page in a frame are given one by one", () => {
  const given = ["--frame-ancestor", "https://a.example", "--frame-ancestor=*"];
  assertEquals(settings(given).frameAncestors, ["https://a.example", "*"]);
  assertEquals(
    refusal(["--frame-ancestor", "null"]),
    `--frame-ancestor must be the origin of a page, or *, not "null"`,
  );
  assert(refusal(["--frame-ancestor", "https://a.example/; x"]).includes("must be the origin"));
});

pure("proxies that are trusted and addresses without limits are given one by one", () => {
  const given = settings(["--trusted-proxy", "10.0.0.1", "--trusted-proxy", "fd00::/8"]);
  assertEquals(given.trustedProxies, ["10.0.0.1", "fd00::/8"]);
  assertEquals(settings(["--exempt", "10.0.0.0/8"]).exempt, ["10.0.0.0/8"]);
  assertEquals(settings(["--exempt", "none"]).exempt, []);
  for (const flag of ["--trusted-proxy", "--exempt"]) {
    assertEquals(
      refusal([flag, "10.0.0.0/33"]),
      `${flag} must be an address or a network, like 10.0.0.0/8, not "10.0.0.0/33"`,
    );
  }
});

pure("of a flag that is given twice the last one counts", () => {
  assertEquals(settings(["--port", "1", "--port", "2"]).port, 2);
});

pure(
  "--memory takes bytes, or a size with a letter, and is less on small machines unless given",
  () => {
    const sizes = ["1048576", "512M", "2g", "4096K", "999999999999G"];
    assertEquals(sizes.map((size) => settings(["--memory", size]).engine.memoryBytes), [
      1_048_576,
      536_870_912,
      2_147_483_648,
      4_194_304,
      Number.MAX_SAFE_INTEGER,
    ]);
    for (const size of ["1000", "1T", "-1", "1.5G", "G"]) {
      assertEquals(
        refusal([`--memory=${size}`]),
        `--memory must be 1M or more, like 512M or 2G, not ${JSON.stringify(size)}`,
      );
    }
    assertEquals([8, 4, 1].map((gigabytes) => usualMemory(gigabytes * 2 ** 29)), [
      2 ** 30,
      2 ** 29,
      2 ** 27,
    ]);
  },
);
