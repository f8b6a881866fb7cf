// The known data of a user: everything that was acknowledged, and must therefore exist.

/** The data of one user, which only this user changes. */
export class Known {
  tasks = new Map();
  entries = new Map();
  deleted = [];
  running = null;

  /** Records an acknowledged task, with its response bytes until it changes. */
  keepTask(json, answer) {
    this.tasks.set(json.id, { json, body: answer.body, etag: answer.headers.etag });
  }

  /** Records an acknowledged finished entry, which changes the responses of its task. */
  keepEntry(json) {
    this.entries.set(json.id, json);
    const task = this.tasks.get(json.task_id);
    Object.assign(task, { body: null, etag: null });
  }

  /** Removes a deleted task and its entries. */
  dropTask(id) {
    this.tasks.delete(id);
    for (const entry of this.entriesOf(id)) this.entries.delete(entry.id);
    this.deleted.push(id);
  }

  entriesOf(taskId) {
    return [...this.entries.values()].filter((entry) => entry.task_id === taskId);
  }

  /** Returns the current representation of a task. */
  task(id) {
    const tracked_seconds = this.entriesOf(id).reduce((sum, { duration }) => sum + duration, 0);
    return { ...this.tasks.get(id).json, tracked_seconds };
  }

  /** Returns all tasks in the order of their creation, after a given one. */
  tasksAfter(last) {
    const keys = [...this.tasks.values()].map(({ json }) => json);
    const ordered = keys.sort((one, other) => (isBefore(one, other) ? -1 : 1));
    const rest = last === null ? ordered : ordered.filter((task) => isBefore(last, task));
    return rest.map(({ id }) => this.task(id));
  }

  /** Returns the rows of a report by task, over all time. */
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

  /** Returns the sum of all entries, which differs from that of the rows: these are truncated. */
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
