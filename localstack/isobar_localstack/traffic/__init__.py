"""Traffic: every request that AWS would answer now, and what would answer it, from the emulator's state alone.

A watch asks all of them after each call that changes something and at each moment at which something is over, and
tells which of those that are answered before and after were not answered in between. A file per hop:

answer       what is asked, what is said      dns          names, their records, custom domain names
network      security groups and routes       api          stages and their deployments
policies     what roles allow                 functions    aliases, versions, roles, permissions
rights       what serves keeps its rights     balancer     listeners and rules
watch        counts and compares              targets      target groups, tasks, instances
turns        when it is asked                 control      /_isobar/traffic
"""
