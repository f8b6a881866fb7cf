/** Keeps the lines of the log. */

import { EventEmitter, once } from "node:events";

// biome-ignore lint/suspicious/noExplicitAny: lines have fields of every shape
export type Line = Record<string, any>;

export class Log extends EventEmitter {
  lines: Line[] = [];

  write(text: string): void {
    this.lines.push(JSON.parse(text));
    this.emit("line");
  }

  /** Waits for the access line of a request, which is written once it is answered. */
  async lineOf(requestId: string | null): Promise<Line> {
    for (;;) {
      const found = this.lines.find((l) => l.event === "request" && l.request_id === requestId);
      if (found) return found;
      await once(this, "line");
    }
  }
}
