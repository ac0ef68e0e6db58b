"""The anchor over sixty months: one market, three promises, and what stands behind each of them.

market      what compute costs and what the mainstream does, day by day, by seed
promises    ours, and two foils whose standards are others
chains      the chain that keeps a promise: pallets, fleets, reporters
people      what providers and reporters do
life        sixty months of one promise in one market
table       all seeds together
chart       the same as a drawing
"""
