"""The agents: concurrent tasks on one client, each with a share of the questions, a name and a priority."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import attrs

from mixpanel_headless.cli.demo.draws import Ask, deal
from mixpanel_headless.cli.demo.tally import Reply, Setting, Tally
from mixpanel_headless.errors import InvalidArgumentError, MixpanelHeadlessError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

    from mixpanel_headless.cli.demo.truth import Truth
    from mixpanel_headless.options import PriorityName
    from mixpanel_headless.results.insights import QueryResult
    from mixpanel_headless.workspace import AsyncWorkspace

AT_ONCE = 6
"""How many questions one agent has open at a time."""

Answered = tuple[Reply, "QueryResult"]


@attrs.frozen
class Agent:
    """One agent of the demo."""

    name: str
    priority: PriorityName


def cast_agents(number: int) -> list[Agent]:
    """The agents: the first talks to somebody who waits, the last has all the time in the world."""
    agents = [Agent(f"agent-{place}", "normal") for place in range(1, number + 1)]
    if number >= 3:
        agents[0], agents[-1] = (
            attrs.evolve(agents[0], priority="interactive"),
            attrs.evolve(agents[-1], priority="batch"),
        )
    return agents


async def run_agents(workspace: AsyncWorkspace, setting: Setting, tally: Tally, truth: Truth) -> None:
    """Let all agents ask, and check every answer beside them; returns when the last is checked."""
    answers, to_check = anyio.create_memory_object_stream[Answered](len(setting.asks))
    async with anyio.create_task_group() as group, answers:
        group.start_soon(check_answers, to_check, truth, tally)
        for agent, share in zip(cast_agents(setting.agents), deal(setting.asks, setting.agents), strict=True):
            view = workspace.with_options(tenant=agent.name, priority=agent.priority)
            waiting = iter(share)
            for _ in range(min(AT_ONCE, len(share))):
                group.start_soon(ask_in_turn, view, agent.name, waiting, tally, answers.clone())


async def ask_in_turn(
    view: AsyncWorkspace, agent: str, waiting: Iterator[Ask], tally: Tally, answers: MemoryObjectSendStream[Answered]
) -> None:
    """Ask one question after the other until none waits."""
    async with answers:
        for ask in waiting:
            reply, result = await ask_once(view, agent, ask)
            tally.add(reply, result)
            if result is not None:
                await answers.send((reply, result))


async def ask_once(view: AsyncWorkspace, agent: str, ask: Ask) -> tuple[Reply, QueryResult | None]:
    """Make one call and say what became of it."""
    wanted = ask.question.refusal
    try:
        result = await view.query(**ask.arguments)
    except InvalidArgumentError as error:
        problem = "" if wanted is not None and isinstance(error, wanted) else f"refused: {error}"
        return Reply(agent, ask, "refused here", problem=problem), None
    except MixpanelHeadlessError as error:
        return Reply(agent, ask, "failed", problem=f"{type(error).__name__}: {error}"), None
    source = result.provenance
    assert source is not None, "every answer of a workspace says where it came from"
    problem = "" if wanted is None else f"answered, though it should have been refused with {wanted.__name__}"
    return Reply(agent, ask, "answered", source.origin, source.waited, problem), result


async def check_answers(answers: MemoryObjectReceiveStream[Answered], truth: Truth, tally: Tally) -> None:
    """Compare each answer with the truth, in a worker thread, until no agent is left."""
    async with answers:
        async for reply, result in answers:
            tally.check(reply, await anyio.to_thread.run_sync(truth.problem_of, reply.ask.question, result))
