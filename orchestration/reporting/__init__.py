"""Who is told of a refresh: a screen, machines, a monitor, people. Decides nothing."""
