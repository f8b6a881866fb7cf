const FRACTION = /(?:\.(\d+))?(?=Z|[+-])/;
const TIMESTAMP = /^(?!0000)\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

/** Parses an instant that satisfies the contract. Digits beyond milliseconds are truncated. */
export function parseInstant(text: string): Date {
  // The date has hyphens too, so the fraction is searched after the T.
  const time = text.indexOf("T");
  const clock = text
    .slice(time)
    .replace(FRACTION, (_, digits = "") => `.${digits.slice(0, 3).padEnd(3, "0")}`);
  return new Date(text.slice(0, time) + clock);
}

/** Formats an instant for the wire: in UTC, with milliseconds. */
export function formatInstant(instant: Date): string {
  return instant.toISOString();
}

/** Reads what `formatInstant` wrote; undefined for anything else. */
export function parseTimestamp(text: string): Date | undefined {
  if (!TIMESTAMP.test(text)) return undefined;
  const instant = new Date(text);
  return !Number.isNaN(instant.getTime()) && instant.toISOString() === text ? instant : undefined;
}
