"""The replication study: do the paper's claims hold? It stands above the stages and reads their files."""
