/** The heartbeat of a process: how late its event loop is, and what is done every second. */

const BEAT_MS = 100;
export const BEATS_PER_SECOND = 10;
/** The longest delay is kept for as long, and until there is another. */
export const BEATS_KEPT = 50;

/** Beats in the event loop, where there is one. */
export class Heartbeat {
  private readonly actions: (() => void)[] = [];
  private latest = 0;
  private before = 0;

  /** The longest that the event loop was late, in seconds, within the last five to ten. */
  get lag(): number {
    return Math.max(this.latest, this.before);
  }

  /** Does something every second from now on. */
  eachSecond(action: () => void): void {
    this.actions.push(action);
  }

  /** Beats until the process ends. */
  run(): void {
    let beats = 0;
    let due = performance.now() + BEAT_MS;
    const beat = () => {
      beats += 1;
      this.beat(beats, (performance.now() - due) / 1000);
      due = performance.now() + BEAT_MS;
    };
    setInterval(beat, BEAT_MS).unref();
  }

  /** Notes how many seconds a beat was late, and does what is due with it. */
  beat(beats: number, late: number): void {
    this.latest = Math.max(this.latest, late);
    if (beats % BEATS_KEPT === 0) {
      this.before = this.latest;
      this.latest = 0;
    }
    if (beats % BEATS_PER_SECOND === 0) {
      for (const action of this.actions) action();
    }
  }
}

/** One for the process, as its event loop is: the server lets it beat, whatever the application. */
export const heartbeat = new Heartbeat();
