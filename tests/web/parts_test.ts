import { assertEquals } from "@std/assert";
import { NEEDS_CHROMIUM } from "../support/chromium.ts";
import { WebPages } from "../support/web_page.ts";

Deno.test({
  name: "a part of the page is loaded when it is used, and where that fails, it can be tried again",
  ...NEEDS_CHROMIUM,
  async fn() {
    await using pages = await WebPages.start();
    const ana = await pages.visitor();
    await ana.makeRoom(pages.url, "Ana", "Lobby");
    const loads = () => ana.requests.filter((url) => url.includes("?panel-")).length;
    assertEquals(loads(), 0);
    await ana.page.context().setOffline(true);
    await ana.page.getByRole("button", { name: "1 person here" }).click();
    await ana.page.getByRole("alert").getByText("This part of the page did not load").waitFor();
    await ana.page.getByRole("button", { name: "Try again" }).click();
    await ana.page.getByRole("alert").getByText("This part of the page did not load").waitFor();
    await ana.page.context().setOffline(false);
    await ana.page.getByRole("button", { name: "Try again" }).click();
    await ana.reads("Ana (you)");
    assertEquals(loads(), 3);
    // It is there from now on: closed, opened, and in another room.
    await ana.page.keyboard.press("Escape");
    await ana.page.getByRole("button", { name: "1 person here" }).click();
    await ana.page.getByRole("button", { name: "Leave the room" }).click();
    await ana.page.getByRole("button", { name: "Make a room" }).click();
    await ana.page.getByRole("button", { name: "1 person here" }).click();
    await ana.reads("Ana (you)");
    assertEquals(loads(), 3);
  },
});
