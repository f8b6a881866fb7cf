import { connect } from "task-timer-client";

const api = connect({ baseUrl: process.env.BASE_URL, token: process.env.TOKEN });
const { data, error } = await api.GET("/api/v1/tasks", {
  params: { query: { status: "in_progress", sort: "title" } },
});
if (data) for (const task of data.data) console.log(task.title);
else console.log(error.code);
