"""Figures of the desk, each one query over what happened in a span of days."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from coding_svc.domain.audit.peers import Billed
from rcm.db import Tx


@dataclass(frozen=True, slots=True)
class Report:
    """A report whose rows PostgreSQL makes. `$1` is the tenant, `$2` and `$3` are the first and
    the last day."""

    title: str
    sql: str


REPORTS: Mapping[str, Report] = {
    "productivity": Report(
        "Charts and hours by coder and kind of visit",
        """SELECT h.actor AS coder, c.kind, count(*) AS charts,
                  round(sum(h.work_seconds) / 3600.0, 2)::float8 AS hours,
                  round(count(*) * 3600.0 / nullif(sum(h.work_seconds), 0), 2)::float8
                    AS charts_per_hour
             FROM chart_history h JOIN chart c USING (tenant_id, encounter_id)
            WHERE h.tenant_id = $1 AND h.action IN ('finalized', 'sent_to_review')
              AND h.at::date BETWEEN $2 AND $3
            GROUP BY 1, 2 ORDER BY 1, 2""",
    ),
    "turnaround": Report(
        "Days from the end of the visit, and from its arrival, until its codes left",
        """SELECT c.kind, count(*) AS charts,
                  percentile_disc(0.5) WITHIN GROUP (ORDER BY h.at::date - c.last_day)
                    AS median_days_from_service,
                  percentile_disc(0.9) WITHIN GROUP (ORDER BY h.at::date - c.last_day)
                    AS p90_days_from_service,
                  round(avg(extract(epoch FROM h.at - c.received_at)) / 3600, 2)::float8
                    AS mean_hours_from_arrival
             FROM chart_history h JOIN chart c USING (tenant_id, encounter_id)
            WHERE h.tenant_id = $1 AND h.action = 'finalized' AND h.at::date BETWEEN $2 AND $3
            GROUP BY 1 ORDER BY 1""",
    ),
    "dnfb": Report(
        "Discharged, not final billed: what waits, since when, and what it is worth",
        """SELECT stage, pend_reason, count(*) AS charts,
                  sum(expected_cents)::bigint AS expected_cents,
                  round(avg($3 - last_day), 1)::float8 AS mean_age_days,
                  max($3 - last_day) AS oldest_days
             FROM chart
            WHERE tenant_id = $1 AND stage NOT IN ('done', 'voided')
              AND last_day BETWEEN $2 AND $3
            GROUP BY 1, 2 ORDER BY 1, 2""",
    ),
    "queries": Report(
        "Queries by template: how many, answered, agreed, and in what time",
        """SELECT template, count(*) AS queries, count(sent_at) AS sent,
                  count(answered_at) AS answered,
                  count(*) FILTER (WHERE outcome = 'agreed') AS agreed,
                  count(*) FILTER (WHERE outcome = 'no_answer') AS unanswered,
                  round((percentile_cont(0.5) WITHIN GROUP (
                    ORDER BY extract(epoch FROM answered_at - sent_at)) / 3600)::numeric, 2
                  )::float8 AS median_hours,
                  round(count(DISTINCT encounter_id)::numeric / nullif((
                    SELECT count(*) FROM chart WHERE tenant_id = $1
                       AND received_at::date BETWEEN $2 AND $3), 0), 4)::float8 AS query_rate
             FROM physician_query
            WHERE tenant_id = $1 AND created_at::date BETWEEN $2 AND $3
            GROUP BY 1 ORDER BY 1""",
    ),
    "suggestions": Report(
        "Suggestions by method and by how sure they were: taken, changed, refused",
        """SELECT system, method, floor(least(score, 0.999) * 10)::integer AS tenth,
                  count(*) AS decided,
                  count(*) FILTER (WHERE status = 'accepted') AS accepted,
                  count(*) FILTER (WHERE status = 'edited') AS edited,
                  count(*) FILTER (WHERE status = 'rejected') AS rejected,
                  round(avg((status = 'accepted')::integer), 4)::float8 AS acceptance
             FROM suggestion
            WHERE tenant_id = $1 AND decided_at::date BETWEEN $2 AND $3
            GROUP BY 1, 2, 3 ORDER BY 1, 2, 3""",
    ),
    "drift": Report(
        "Acceptance of suggestions by week, beside that of the weeks before",
        """SELECT week, decided, acceptance, round(before, 4)::float8 AS acceptance_before,
                  round((acceptance::numeric - before)
                    / nullif(sqrt(before * (1 - before) / decided), 0), 2)::float8 AS z
             FROM (SELECT date_trunc('week', decided_at)::date AS week, count(*) AS decided,
                          round(avg((status = 'accepted')::integer), 4)::float8 AS acceptance,
                          sum(sum((status = 'accepted')::integer)) OVER earlier
                            / nullif(sum(count(*)) OVER earlier, 0) AS before
                     FROM suggestion
                    WHERE tenant_id = $1 AND decided_at::date BETWEEN $2 AND $3
                    GROUP BY 1
                   WINDOW earlier AS (ORDER BY date_trunc('week', decided_at)::date
                                      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS weeks
            ORDER BY week""",
    ),
    "rework": Report(
        "Charts that were reopened after their codes had left",
        """SELECT date_trunc('month', at)::date AS month,
                  count(*) FILTER (WHERE action = 'finalized') AS finalized,
                  count(*) FILTER (WHERE action = 'reopened') AS reopened,
                  count(*) FILTER (WHERE action = 'sent_back') AS sent_back
             FROM chart_history
            WHERE tenant_id = $1 AND at::date BETWEEN $2 AND $3
            GROUP BY 1 ORDER BY 1""",
    ),
}


async def rows(tx: Tx, report: str, begins_on: date, ends_on: date) -> list[dict[str, object]]:
    """The rows of one of `REPORTS`."""
    found = await tx.fetch(REPORTS[report].sql, tx.tenant_id, begins_on, ends_on)
    return [dict(row) for row in found]


async def billed(tx: Tx, begins_on: date, ends_on: date) -> list[Billed]:
    """What each provider billed, by service and modifiers."""
    found = await tx.fetch(
        """SELECT coalesce(coding->'rendering_provider'->>'npi', coding->'billing_provider'->>'npi')
                    AS provider_npi,
                  line->>'procedure_code' AS procedure_code, line->>'modifiers' AS modifiers,
                  count(*) AS count
             FROM encounter CROSS JOIN LATERAL jsonb_array_elements(coding->'lines') AS line
            WHERE tenant_id = $1 AND status = 'coded' AND date_of_service BETWEEN $2 AND $3
            GROUP BY 1, 2, 3""",
        tx.tenant_id,
        begins_on,
        ends_on,
    )
    return [
        Billed(
            row["provider_npi"],
            row["procedure_code"] or "",
            tuple(part.strip('" ') for part in (row["modifiers"] or "[]")[1:-1].split(",") if part),
            row["count"],
        )
        for row in found
    ]
