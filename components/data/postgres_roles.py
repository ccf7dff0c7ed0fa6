"""The roles inside the databases, which no cloud's API makes as they should be: scripts for psql."""

from textwrap import dedent


def preparation(database: str, application: str, replication: str) -> str:
    """What an operation runs once on a new source, as its administrator, with psql.

    Makes the two logins and lets replication read; run again, it changes the passwords. The variables
    `application_password` and `replication_password` hold them, so that they stand in no file. On RDS, where the
    role exists, replication is allowed by `rds_replication`.
    """
    # No value from outside: names come from the settings, passwords from variables of psql.
    return dedent(
        f"""\
        \\set ON_ERROR_STOP on
        SELECT format('CREATE ROLE %I LOGIN', login) FROM unnest(ARRAY['{application}', '{replication}']) AS login
          WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = login) \\gexec
        ALTER ROLE "{application}" PASSWORD :'application_password';
        ALTER ROLE "{replication}" PASSWORD :'replication_password';
        SELECT format('GRANT rds_replication TO %I', '{replication}')
          WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_replication') \\gexec
        GRANT pg_read_all_data TO "{replication}";
        GRANT CONNECT, CREATE, TEMPORARY ON DATABASE "{database}" TO "{application}";
        \\connect "{database}"
        GRANT CREATE, USAGE ON SCHEMA public TO "{application}";
        CREATE EXTENSION IF NOT EXISTS pglogical;
        CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
        GRANT USAGE ON SCHEMA pglogical TO "{replication}";
        \\connect postgres
        CREATE EXTENSION IF NOT EXISTS pglogical;
        GRANT USAGE ON SCHEMA pglogical TO "{replication}";
        """  # noqa: S608
    )


def promotion(database: str, application: str) -> str:
    """What an operation runs on a standby once it is promoted, as its administrator, with psql.

    What was replicated belongs to a role of the service, whose rights the services need to change it.
    """
    # No value from outside: names come from the settings, passwords from variables of psql.
    return dedent(
        f"""\
        \\set ON_ERROR_STOP on
        \\connect "{database}"
        SELECT format('GRANT cloudsqlexternalsync TO %I', '{application}')
          WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = 'cloudsqlexternalsync') \\gexec
        GRANT CONNECT, CREATE, TEMPORARY ON DATABASE "{database}" TO "{application}";
        GRANT CREATE, USAGE ON SCHEMA public TO "{application}";
        """  # noqa: S608
    )
