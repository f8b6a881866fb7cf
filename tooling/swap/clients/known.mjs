// What is known of a user's data: all that was acknowledged, and so has to be there.

/** The data of one user, who alone changes them. */
export class Known {
  tasks = new Map();
  entries = new Map();
  deleted = [];
  running = null;

  /** A task was acknowledged, with the bytes that it is read as until it changes. */
  keepTask(json, answer) {
    this.tasks.set(json.id, { json, body: answer.body, etag: answer.headers.etag });
  }

  /** A finished entry was acknowledged; its task is read differently from now on. */
  keepEntry(json) {
    this.entries.set(json.id, json);
    const task = this.tasks.get(json.task_id);
    Object.assign(task, { body: null, etag: null });
  }

  /** A task was deleted, and its entries with it. */
  dropTask(id) {
    this.tasks.delete(id);
    for (const entry of this.entriesOf(id)) this.entries.delete(entry.id);
    this.deleted.push(id);
  }

  entriesOf(taskId) {
    return [...this.entries.values()].filter((entry) => entry.task_id === taskId);
  }

  /** What a task is read as now. */
  task(id) {
    const tracked_seconds = this.entriesOf(id).reduce((sum, { duration }) => sum + duration, 0);
    return { ...this.tasks.get(id).json, tracked_seconds };
  }

  /** All tasks in the order of their creation, behind a given one. */
  tasksAfter(last) {
    const keys = [...this.tasks.values()].map(({ json }) => json);
    const ordered = keys.sort((one, other) => (isBefore(one, other) ? -1 : 1));
    const rest = last === null ? ordered : ordered.filter((task) => isBefore(last, task));
    return rest.map(({ id }) => this.task(id));
  }

  /** The rows of a report by task, over all time. */
  report() {
    const ids = [...this.tasks.keys()].sort();
    return ids
      .map((id) => [id, this.entriesOf(id)])
      .filter(([, entries]) => entries.length > 0)
      .map(([task_id, entries]) => ({
        day: null,
        task_id,
        tag: null,
        tracked_seconds: seconds(entries),
        entry_count: entries.length,
      }));
  }

  /** The sum of all entries, which is not that of the rows: each is truncated by itself. */
  total() {
    return seconds([...this.entries.values()]);
  }
}

/** Summed in milliseconds, and truncated at the end. */
function seconds(entries) {
  const spans = entries.map((entry) => Date.parse(entry.end_time) - Date.parse(entry.start_time));
  return Math.floor(spans.reduce((sum, span) => sum + span, 0) / 1000);
}

function isBefore(one, other) {
  return one.created_at === other.created_at
    ? one.id < other.id
    : one.created_at < other.created_at;
}
