import { assertEquals, assertThrows } from "@std/assert";
import { argumentsOf, takeConfigFlag } from "../../../src/daemon/flags/config_file.ts";
import { parseServerFlags } from "../../../src/daemon/flags/flags.ts";
import { pure } from "../../support/pure.ts";

/** The arguments of a file, before those of a command line. */
function made(config: unknown, args: string[] = [], env = {}): string[] {
  return argumentsOf("parley.json", JSON.stringify(config), args, env);
}

function refusal(text: string): string {
  const { message } = assertThrows(() => argumentsOf("parley.json", text, [], {}), RangeError);
  return message;
}

pure("--config is taken out of the arguments, however it is written", () => {
  assertEquals(takeConfigFlag(["--port", "1"]), { rest: ["--port", "1"] });
  assertEquals(takeConfigFlag(["--config", "a", "--port", "1"]), {
    path: "a",
    rest: ["--port", "1"],
  });
  assertEquals(takeConfigFlag(["--config=a", "--config=b"]).path, "b");
  for (const args of [["--config"], ["--config="], ["--config", ""]]) {
    assertThrows(() => takeConfigFlag(args), RangeError, "--config needs one value");
  }
});

pure("a file says what flags say, numbers and lists too", () => {
  const args = made({
    "port": 9000,
    "store": "sqlite:a.db",
    "allow-origin": ["https://a.example", "https://b.example"],
    "exempt": "10.0.0.0/8",
  });
  const settings = parseServerFlags(args, {});
  if (typeof settings === "string") throw new Error(settings);
  assertEquals([settings.port, settings.store], [9000, "sqlite:a.db"]);
  assertEquals(settings.allowOrigins, ["https://a.example", "https://b.example"]);
  assertEquals(settings.exempt, ["10.0.0.0/8"]);
});

pure("a flag beats the environment, which beats the file; a list is not mixed", () => {
  const config = {
    "port": 1,
    "host": "a",
    "store": "memory",
    "allow-origin": ["https://a.example"],
  };
  assertEquals(made(config, ["--port=2", "--allow-origin", "https://b.example"]), [
    "--host=a",
    "--store=memory",
  ]);
  assertEquals(made(config, [], { CHAT_PORT: "3", CHAT_HOST: "", CHAT_STORE: "memory" }), [
    "--host=a",
    "--allow-origin=https://a.example",
  ]);
});

pure("what will not do is named in one line", () => {
  assertEquals(refusal("{").split("\n").length, 1);
  assertEquals(refusal("[]"), "parley.json must be a JSON object");
  assertEquals(
    refusal('{"prot": 1}'),
    'parley.json: "prot" is no flag with a value: see --help',
  );
  assertEquals(
    refusal('{"port": true}'),
    "parley.json: port must be a string or a number, not true",
  );
  assertEquals(refusal('{"exempt": [null]}'), "parley.json: exempt must be strings, not null");
  assertEquals(refusal('{"config": "b"}').includes('"config"'), true);
});
