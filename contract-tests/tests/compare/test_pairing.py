"""Server-generated names, such as slugs, are mapped even if the servers derive them differently."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from fixtures.scripted import Answers, answer, exchanger, plain_document

from lockstep.inference.derived import same_but_for_form, same_rule
from lockstep.openapi.document import Document
from lockstep.openapi.resource_types import Role
from lockstep.transport.messages import Outcome, Request, Response

Namer = Callable[[str, int], str]


def words(title: str) -> str:
    """The ASCII words of a title, joined by hyphens."""
    kept = "".join(one if one.isascii() and one.isalnum() else " " for one in title.lower())
    return "-".join(kept.split())


def numbered(first: int, *, empty: str = "n") -> Namer:
    """A rule for names that end in the number of the article."""
    return lambda title, count: f"{words(title) or empty}-{first + count}"


def plain(title: str, _count: int) -> str:
    """A rule for names that consist of the words of the title only."""
    return words(title)


def blog(name: Namer, **extra: Any) -> Answers:
    """A server of articles with slugs derived from their titles."""
    articles: dict[str, dict[str, Any]] = {}
    made = []

    def answers(request: Request) -> Outcome:
        path, _, named = request.path.removeprefix("/").partition("/")
        assert path == "articles"
        if request.method == "POST":
            title = json.loads(request.body or b"{}")["title"]
            made.append(title)
            article = {"slug": name(title, len(made)), "title": title, **extra}
            articles[article["slug"]] = article
            return answer(article, 201)
        if not named:
            return answer(list(articles.values()))
        if named not in articles:
            return answer({"error": "not found"}, 404)
        if request.method == "DELETE":
            del articles[named]
            return answer(status=204)
        if request.method == "PATCH":
            article = articles.pop(named)
            article["title"] = json.loads(request.body or b"{}")["title"]
            article["slug"] = name(article["title"], 0)
            articles[article["slug"]] = article
            return answer(article)
        return answer(articles[named])

    return answers


def article_paths() -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Article"}
    one = {"description": "ok", "content": {"application/json": {"schema": schema}}}
    many = {"application/json": {"schema": {"type": "array", "items": schema}}}
    gone = {"404": {"description": "no such article"}}
    return {
        "/articles": {
            "get": {"responses": {"200": {"description": "ok", "content": many}}},
            "post": {"responses": {"201": one}},
        },
        "/articles/{slug}": {
            "get": {"operationId": "getArticle", "responses": {"200": one, **gone}},
            "patch": {"responses": {"200": one, **gone}},
            "delete": {"responses": {"204": {"description": "gone"}, **gone}},
        },
    }


def post(title: str) -> Request:
    body = json.dumps({"title": title}).encode()
    return Request("POST", "/articles", (("Content-Type", "application/json"),), body)


def compare(left: Answers, right: Answers, *requests: Request) -> tuple[list[Any], list[str]]:
    """The differences in each exchange, and the paths requested from the partner."""
    lockstep, targets = exchanger(left, right, paths=article_paths())
    differing = [lockstep.send(request).differences["right"] for request in requests]
    found = [[(one.kind, one.where) for one in several] for several in differing]
    return found, [request.path for request in targets[1].sent]


@pytest.mark.parametrize(
    ("title", "left", "right", "theirs", "expected"),
    [
        ("Hello", plain, numbered(72), "hello-73", []),
        ("hello", plain, numbered(72), "hello-73", []),
        ("Top 10", plain, numbered(72), "top-10-73", []),
        ("Hello you", numbered(0), numbered(1000), "hello-you-1001", []),
        (
            "A rather long title",
            numbered(0),
            numbered(1000),
            "a-rather-long-title-1001",
            [],
        ),
        ("Hello", lambda t, n: f"{n}-{words(t)}", plain, "hello", []),
        ("Hello", plain, lambda t, _: f"{words(t)}-x7f3", "hello-x7f3", []),
        ("Hello", plain, lambda t, n: words(t).title() + f"-{n}", "Hello-1", ["form"]),
        ("Hello you", plain, lambda t, _: words(t).replace("-", "_"), "hello_you", ["form"]),
        ("Hello you", plain, lambda t, _: words(t)[:5], "hello", ["value"]),
        ("Hello you", plain, lambda t, n: f"{words(t)[:5]}-{n}", "hello-1", ["value"]),
        ("Привет", lambda _t, _n: "untitled", numbered(72), "n-73", ["value"]),
    ],
)
def test_slug_is_mapped_and_a_different_rule_is_reported_once(
    title: str, left: Namer, right: Namer, theirs: str, expected: list[str]
) -> None:
    mine = left(title, 1)
    later = Request("GET", f"/articles/{mine}")
    found, asked = compare(blog(left), blog(right), post(title), later, later)
    assert found == [[(kind, "body /slug") for kind in expected], [], []]
    assert asked == ["/articles", f"/articles/{theirs}", f"/articles/{theirs}"]


def test_slug_may_be_empty_on_one_side() -> None:
    title = "Привет"
    found, asked = compare(
        blog(numbered(72)), blog(plain), post(title), Request("GET", "/articles/n-73")
    )
    assert found[0] == [("value", "body /slug")]
    assert asked[1] == "/articles/"


def test_slug_used_in_paths_takes_precedence_over_an_extra_id() -> None:
    left, right = blog(plain, id=1), blog(numbered(72), id=1)
    listed = Request("GET", "/articles")
    found, _ = compare(left, right, post("One"), post("Two"), post("Three"), listed)
    assert found[-1] == []

    def counted(server: Answers, *turned: bool) -> Answers:
        """The server with IDs that only number the items of a response; some lists are reversed."""
        turns = iter(turned)

        def answers(request: Request) -> Outcome:
            outcome = server(request)
            if request.method != "GET" or not isinstance(outcome, Response):
                return outcome
            shown = json.loads(outcome.body)
            shown = shown[::-1] if next(turns, False) else shown
            return answer([{**each, "id": line} for line, each in enumerate(shown, 1)])

        return answers

    left, right = counted(blog(plain)), counted(blog(numbered(72)), False, *[True] * 9)
    found, _ = compare(left, right, post("One"), post("Two"), post("Three"), listed, listed)
    assert found[-2] == []
    assert found[-1] == [("order", "body"), ("symbol", "body /*/id")]


def test_slug_of_a_deleted_article_can_be_reused() -> None:
    gone = Request("DELETE", "/articles/hello")
    found, asked = compare(
        blog(plain),
        blog(numbered(72)),
        post("Hello"),
        gone,
        Request("GET", "/articles/hello"),
        post("Hello"),
        Request("GET", "/articles/hello"),
    )
    assert found == [[]] * 5
    assert asked[2::2] == ["/articles/hello-73", "/articles/hello-74"]


def test_slug_duplicated_on_one_side_is_found() -> None:
    def unique(title: str, count: int) -> str:
        return words(title) + (f"-{count}" if count > 1 else "")

    found, _ = compare(blog(unique), blog(plain), post("Hello"), post("Hello"))
    assert found == [[], [("symbol", "body /slug")]]


def test_renamed_article_is_mapped_by_its_new_slug() -> None:
    renamed = Request("PATCH", "/articles/hello", body=b'{"title": "Bye"}')
    found, asked = compare(
        blog(plain), blog(numbered(72)), post("Hello"), renamed, Request("GET", "/articles/bye")
    )
    assert found == [[]] * 3
    assert asked[-1] == "/articles/bye-72"


def test_former_slug_of_a_renamed_article_can_be_reused() -> None:
    renamed = Request("PATCH", "/articles/hello", body=b'{"title": "Bye"}')
    found, asked = compare(
        blog(plain),
        blog(numbered(72)),
        post("Hello"),
        renamed,
        post("Hello"),
        Request("GET", "/articles/hello"),
    )
    assert found == [[]] * 4
    assert asked[-1] == "/articles/hello-74"


def test_slug_from_the_request_path_is_not_reported_again() -> None:
    def server(name: str) -> Answers:
        return lambda request: answer({"slug": name}, 201 if request.method == "POST" else 200)

    changed = Request("PATCH", "/articles/untitled", body=b"{}")
    found, _ = compare(server("untitled"), server("n-73"), post("Привет"), changed)
    assert found == [[("value", "body /slug")], []]


def test_slug_that_stays_on_one_side_after_a_rename_is_found() -> None:
    def keeping(request: Request) -> Outcome:
        if request.method == "PATCH":
            return answer({"slug": "hello-73", "title": "Bye"})
        return server(request)

    server = blog(numbered(72))
    renamed = Request("PATCH", "/articles/hello", body=b'{"title": "Bye"}')
    found, _ = compare(blog(plain), keeping, post("Hello"), renamed)
    assert found[1] == [("value", "body /slug")]


def test_slug_sent_by_the_client_is_not_server_generated() -> None:
    def echoing(request: Request) -> Outcome:
        return answer({"slug": json.loads(request.body or b"{}")["slug"]}, 201)

    def changing(request: Request) -> Outcome:
        return answer({"slug": json.loads(request.body or b"{}")["slug"].upper()}, 201)

    sent = Request("POST", "/articles", body=b'{"slug": "mine"}')
    assert compare(echoing, echoing, sent)[0] == [[]]
    assert compare(echoing, changing, sent)[0] == [[("form", "body /slug")]]


def test_generated_user_name_is_mapped_in_paths_of_other_resources() -> None:
    user = {"type": "object", "properties": {"username": {"type": "string"}}}
    content = {"application/json": {"schema": user}}
    paths = {
        "/users": {"post": {"responses": {"201": {"description": "", "content": content}}}},
        "/profiles/{username}": {"get": {"responses": {"200": {"description": ""}}}},
    }

    def server(suffix: str) -> Answers:
        def answers(request: Request) -> Outcome:
            if request.method == "POST":
                return answer({"username": f"ann{suffix}"}, 201)
            return answer({"username": request.path.rpartition("/")[2]})

        return answers

    lockstep, targets = exchanger(server(""), server("-2"), paths=paths)
    made = lockstep.send(Request("POST", "/users", body=b'{"email": "ann@example.com"}'))
    seen = lockstep.send(Request("GET", "/profiles/ann"))
    assert targets[1].sent[-1].path == "/profiles/ann-2"
    assert made.differences == seen.differences == {"right": []}


FILE = {"name": {"type": "string"}, "size": {"type": "integer"}}


@pytest.mark.parametrize(
    ("path", "kind", "members", "expected"),
    [
        ("/files/{file}", "string", FILE, Role("key", "file.name")),
        ("/files/{filename}", "string", FILE, Role("key", "file.name")),
        ("/files/{file_name}", "string", FILE, Role("key", "file.name")),
        ("/files/{file}", "string", {"file": {}, **FILE}, Role("key", "file.file")),
        ("/files/{file}", "integer", {"id": {"type": "integer"}}, Role("id", "file.id")),
        (
            "/files/{file}",
            "string",
            {"id": {"type": "integer"}, **FILE},
            Role("key", "file.name"),
        ),
        ("/files/{file}", "string", {"id": {"type": "string"}, **FILE}, Role("id", "file.id")),
    ],
)
def test_parameter_named_after_the_resource_is_matched_to_its_key_property(
    path: str, kind: str, members: dict[str, Any], expected: Role
) -> None:
    schema = {"type": "object", "properties": members}
    content = {"application/json": {"schema": schema}}
    name = path.partition("{")[2].rstrip("}")
    parameter = {"name": name, "in": "path", "required": True, "schema": {"type": kind}}
    responses = {"200": {"description": "", "content": content}}
    item = {"parameters": [parameter], "get": {"responses": responses}}
    families = Document(plain_document(**{path: item})).families
    assert families.parameter(path, name) == expected
    attribute = expected.family.rpartition(".")[2]
    assert families.role(attribute, "file") == expected


def test_without_a_source_only_a_generated_suffix_is_ignored() -> None:
    assert same_rule("a-title-17", "a-title-4018")
    assert same_rule("a-title-x7f3", "a-title-9dk2")
    assert not same_rule("a-title", "another-title")
    assert not same_rule("a-title-17", "A-title-17")


@pytest.mark.parametrize(
    ("left", "right", "source", "same", "form"),
    [
        ("hello", "hello-73", "Hello", True, True),
        ("hello-2", "hello-73", "Hello", True, True),
        ("17-hello", "hello", "Hello", True, True),
        ("hello-9f3a", "hello-b71c", "Hello", True, True),
        ("hello-xkqz", "hello", "Hello", True, True),
        ("hello73", "hello", "Hello", True, True),
        ("", "-73", "Привет", True, True),
        ("", "73", "Привет", True, True),
        ("hello", "Hello", "Hello", False, True),
        ("hello-you", "hello_you", "Hello you", False, True),
        ("hello-73", "hello_73", "Hello", False, True),
        ("hello", "hello-you", "Hello you", False, False),
        ("top", "top-10", "Top 10", False, False),
        ("version", "version2", "Version2", False, False),
        ("hello-draft", "hello", "Hello", False, False),
        ("uber", "ueber", "Über", False, False),
        ("hello-AB12", "hello-cd34", "Hello", False, True),
        ("untitled", "n-73", "Привет", False, False),
    ],
)
def test_suffix_is_distinguished_from_another_rule(
    left: str, right: str, source: str, same: bool, form: bool
) -> None:
    for pair in ((left, right), (right, left)):
        assert same_rule(*pair, [source]) is same
        assert same_but_for_form(*pair, [source]) is form
