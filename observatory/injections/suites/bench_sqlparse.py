"""Taking statements of SQL apart and writing them anew."""

from __future__ import annotations

import sqlparse

QUERY = """
-- Who buys what.
select c.id, c.name as customer, count(*) n, sum(o.price * o.count) as "all", case
  when c.age >= 18 then 'adult' else 'child' end as kind
from customers c left join orders o on o.customer = c.id and o.day > '2024-01-01'
where c.name like 'A%' and (o.price between 1 and 10 or o.article in ('tea', 'cup'))
group by c.id, c.name having count(*) > 2 order by n desc, 2 limit 10;
"""

CHANGES = """
create table articles (id integer primary key, name varchar(40) not null, price numeric(8, 2));
insert into articles (id, name, price) values (1, 'tea', 2.5), (2, 'cup', 7.0);
update articles set price = price * 1.1 where id = 1; /* dearer */
delete from articles where name is null;
"""


class Statements:
    """A query with most clauses, and a script of four short statements."""

    def time_parse(self) -> None:
        sqlparse.parse(QUERY)

    def time_split(self) -> None:
        for _ in range(4):
            sqlparse.split(CHANGES)

    def time_reindent(self) -> None:
        sqlparse.format(CHANGES, reindent=True, keyword_case="upper")

    def time_strip(self) -> None:
        sqlparse.format(QUERY, strip_comments=True, strip_whitespace=True, identifier_case="lower")
