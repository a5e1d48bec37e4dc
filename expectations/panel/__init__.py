"""What checks look at: a load's rows and what they mean, series as panels, areas, measures."""
