#!/bin/sh
# Make the secrets that docker-compose.yml names, in a directory that must not exist yet (secrets).
#
# Run it as root: each file is given to the user of the container that reads it, and to nobody else.
# The directory holds every password of the deployment; keep a copy of personal_key elsewhere, away from
# the backups of the data.
set -eu

directory=${1:-secrets}
umask 077
mkdir "$directory"
cd "$directory"

random() { head -c 24 /dev/urandom | od -A n -t x1 | tr -d ' \n'; }

owner=$(random) service=$(random) views=$(random) relay=$(random) reader=$(random)
servers() { echo "nats://$1@nats-1:4222,nats://$1@nats-2:4222,nats://$1@nats-3:4222"; }

random >postgres_password
cat >postgres_roles <<SQL
CREATE ROLE ledger_owner LOGIN PASSWORD '$owner';
CREATE ROLE ledger_service LOGIN PASSWORD '$service';
CREATE ROLE views_owner LOGIN PASSWORD '$views';
GRANT CREATE ON DATABASE opsledger TO ledger_owner, views_owner;
SQL
echo "postgresql://ledger_owner:$owner@postgres/opsledger" >ledger_owner_url
echo "postgresql://ledger_service:$service@postgres/opsledger" >ledger_service_url
echo "postgresql://views_owner:$views@postgres/opsledger" >views_owner_url

cat >nats_users <<CONF
authorization {
  users: [
    {
      user: relay, password: "$relay"
      permissions: {
        publish: [
          "opsledger.>", "opsledger-relayed",
          "\$JS.API.STREAM.CREATE.opsledger", "\$JS.API.STREAM.INFO.opsledger",
          "\$JS.API.STREAM.MSG.GET.opsledger",
        ]
        subscribe: ["_INBOX.>"]
      }
    }
    {
      user: reader, password: "$reader"
      permissions: {
        publish: ["\$JS.API.DIRECT.GET.opsledger"]
        subscribe: ["_INBOX.>", "opsledger-relayed"]
      }
    }
  ]
}
CONF
servers "relay:$relay" >nats_relay_url
servers "reader:$reader" >nats_reader_url

head -c 32 /dev/urandom >personal_key
# The API key of the read sides; an administrator issues it once the ledger runs.
: >ledger_key

chmod 0400 ./*
# The user of our image, that of the image of PostgreSQL, and that of the image of NATS.
chown 10001 ledger_owner_url ledger_service_url views_owner_url nats_relay_url nats_reader_url \
  personal_key ledger_key
chown 999 postgres_password postgres_roles
chown 0 nats_users
