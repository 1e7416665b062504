/**
 * The other stacks that Parley is compared with, each with a server of the same small
 * protocol, and how they are installed.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { type Contender, SERVER_CORE } from "./comparison.ts";
import {
  forMeasuring,
  parley,
  type ServerCommand,
  storeFlags,
  succeeds,
} from "./server_process.ts";

/** A stack to compare with. */
export interface Peer {
  name: string;
  /** A note: what it is, and what differs from Parley all the same. */
  note: string;
  /** Tells how to start it; undefined where it is not installed. */
  contender(): Contender | undefined;
  /** The command that installs what is missing. */
  install: string;
}

/** Where `--install` puts what comes from npm; git knows nothing of it. */
const FOLDER = fileURLToPath(new URL("data/.peers", import.meta.url));

/** Packages that are installed there, by the name they are imported under. */
const PACKAGES = { bun: "npm:bun@^1", ws: "npm:ws@^8", "socket.io": "npm:socket.io@^4" };

const INSTALL = "deno task bench:peers --install";

/** Parley as it is compared; with a store it is called after its kind. */
export function parleyWith(store: string | undefined): Contender {
  return {
    name: store === undefined ? "Parley" : `Parley ${store.replace(/:.*/s, "")}`,
    dialect: "parley",
    command: parley(SERVER_CORE, storeFlags(store)),
  };
}

/** The command of a server that has nothing but Deno's sockets, on one core or on any. */
export function bareDeno(core?: number): ServerCommand {
  const args = ["run", "-A", "--quiet", script("deno_server.ts")];
  return { command: Deno.execPath(), args, within: forMeasuring(core) };
}

/** The same as one to compare with. */
export function denoAlone(): Contender {
  return { name: "Deno alone", dialect: "parley", command: bareDeno(SERVER_CORE) };
}

/** All peers. */
export const PEERS: readonly Peer[] = [
  {
    name: "Python websockets",
    note: "legacy asyncio server with `websockets.broadcast`, no compression; one message a frame",
    contender() {
      // Distributions install it for their own Python, which need not be the first in the path.
      const python = ["python3", "/usr/bin/python3"]
        .find((command) => succeeds(command, ["-c", "import websockets"]));
      return python === undefined
        ? undefined
        : contender("Python websockets", python, [script("websockets_server.py")]);
    },
    install: "sudo apt install python3-websockets",
  },
  {
    name: "ws on Node",
    note: "each entry encoded once, as bytes; no compression; one message a frame",
    contender() {
      return hasNode() && hasPackage("ws")
        ? contender("ws on Node", "node", [script("ws_server.mjs"), FOLDER])
        : undefined;
    },
    install: `${INSTALL} (and Node.js)`,
  },
  {
    name: "socket.io on Node",
    note: "WebSocket only, no compression; its packets are a few bytes longer; one message a frame",
    contender() {
      return hasNode() && hasPackage("socket.io")
        ? contender(
          "socket.io on Node",
          "node",
          [script("socket_io_server.mjs"), FOLDER],
          "socket.io",
        )
        : undefined;
    },
    install: `${INSTALL} (and Node.js)`,
  },
  {
    name: "Bun",
    note: "its own publish/subscribe, no compression; one message a frame, many frames a write",
    contender() {
      // npm's package brings the program under this name on every system.
      const bun = `${FOLDER}/node_modules/bun/bin/bun.exe`;
      return hasPackage("bun") && succeeds(bun, ["--version"])
        ? contender("Bun", bun, [script("bun_server.mjs")])
        : undefined;
    },
    install: INSTALL,
  },
];

/** Installs what comes from npm, which Deno fetches; says whether that worked. */
export async function installPeers(): Promise<boolean> {
  await Deno.mkdir(FOLDER, { recursive: true });
  // Only the scripts of this one may run: they put its program in place.
  const config = {
    imports: PACKAGES,
    nodeModulesDir: "auto",
    lock: false,
    allowScripts: ["npm:bun"],
  };
  await Deno.writeTextFile(`${FOLDER}/deno.json`, JSON.stringify(config, null, 2));
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["install", "--quiet"],
    cwd: FOLDER,
  }).output();
  return success;
}

function contender(
  name: string,
  command: string,
  args: string[],
  dialect: Contender["dialect"] = "name",
): Contender {
  return { name, dialect, command: { command, args, within: forMeasuring(SERVER_CORE) } };
}

function script(file: string): string {
  return fileURLToPath(new URL(`peers/${file}`, import.meta.url));
}

function hasNode(): boolean {
  return succeeds("node", ["--version"]);
}

function hasPackage(name: string): boolean {
  try {
    return Deno.statSync(`${FOLDER}/node_modules/${name}`).isDirectory;
  } catch {
    return false;
  }
}
