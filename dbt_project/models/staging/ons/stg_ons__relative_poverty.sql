{{ ons_staged('ons__relative_poverty') }}
