import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { cannotListen, hostOf, OpenPort, type PortEvents } from "../../src/daemon/open_port.ts";
import { PERMITTED } from "../support/permissions.ts";

function events(listening: (address: Deno.NetAddr) => void): PortEvents {
  return {
    handle: ({ url }) => {
      if (url.endsWith("/broken")) throw new Error("broken");
      return new Response(new URL(url).pathname);
    },
    listening,
    failed: (reason) => {
      throw new Error(reason);
    },
    broken: (error) => new Response(`${error}`, { status: 500 }),
  };
}

Deno.test("an open port says where it listens, answers, and takes nobody once it has stopped", {
  ignore: !PERMITTED,
}, async () => {
  let place: Deno.NetAddr | undefined;
  const open = new OpenPort(
    { hostname: "127.0.0.1", port: 0 },
    events((address) => place = address),
  );
  const url = `http://${hostOf(place!)}`;
  assertEquals(await (await fetch(`${url}/a`)).text(), "/a");
  const broken = await fetch(`${url}/broken`);
  assertEquals([broken.status, await broken.text()], [500, "Error: broken"]);
  await open.stop();
  using free = Deno.listen({ hostname: "127.0.0.1", port: place!.port });
  assertEquals((free.addr as Deno.NetAddr).port, place!.port);
});

Deno.test("a place that is taken is named with the reason", { ignore: !PERMITTED }, () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  const place = { hostname: "127.0.0.1", port };
  const error = assertThrows(() => new OpenPort(place, events(() => {})));
  assertEquals(cannotListen(place, error), `Cannot listen on 127.0.0.1:${port}: it is in use`);
  assertMatch(cannotListen(place, new Error("no such host")), /: no such host$/);
});

Deno.test("an address of IPv6 stands in brackets", () => {
  assertEquals(hostOf({ hostname: "::1", port: 80 }), "[::1]:80");
});
